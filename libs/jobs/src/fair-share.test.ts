import { FairShare, type AccountShare } from './fair-share.js';

/** The accounts in the order of `turns` dispatches, all of them with jobs in line. */
function turnsOf(share: FairShare, accounts: readonly string[], turns: number, isEnding: boolean) {
  for (const account of accounts) share.entered(account);
  return Array.from({ length: turns }, () => {
    const able = accounts.filter((account) => !share.isFull(account));
    const next = able.toSorted((a, b) => share.compare(a, b) || a.localeCompare(b))[0] ?? '-';
    share.served(next);
    if (isEnding) share.ended(next);
    return next;
  }).join('');
}

const shareOf = (accounts: Readonly<Record<string, AccountShare>>) =>
  new FairShare((account) => accounts[account]);

describe('fair share', () => {
  it.each<[string, Readonly<Record<string, AccountShare>>, boolean, string]>([
    // what                                   shares                                    ends   turns
    ['equal accounts take turns', {}, true, 'abcabcabc'],
    ['equal accounts fill the slots evenly', {}, false, 'abcabcabc'],
    ['one slot is shared by weight', { a: { weight: 2 }, c: { weight: 3 } }, true, 'abccacabc'],
    ['many slots are filled by weight', { a: { weight: 2 }, b: { weight: 4 } }, false, 'abcbabbab'],
    [
      'who is full is passed over',
      { a: { runningMax: 1 }, b: { runningMax: 2 } },
      false,
      'abcbccccc',
    ],
    ['a limit of none', { a: { runningMax: 0 } }, true, 'bcbcbcbcb'],
    ['a weight of 0 counts as 1', { a: { weight: 0 } }, true, 'abcabcabc'],
    ['a weight below 0 counts as 1', { a: { weight: -3 } }, true, 'abcabcabc'],
    ['a weight that is no number too', { a: { weight: Number.NaN } }, true, 'abcabcabc'],
    ['an endless weight too', { a: { weight: Infinity } }, true, 'abcabcabc'],
  ])('%s', (_what, shares, isEnding, turns) => {
    expect(turnsOf(shareOf(shares), ['a', 'b', 'c'], 9, isEnding)).toBe(turns);
  });

  it('gives who comes late no turns for the time without a job', () => {
    const share = new FairShare();
    turnsOf(share, ['a', 'b'], 100, true);
    expect(turnsOf(share, ['a', 'b', 'c'], 9, true)).toBe('cabcabcab');
  });

  it('remembers the turns of who leaves and comes back', () => {
    const share = shareOf({ a: { weight: 0.1 } });
    turnsOf(share, ['a', 'b'], 2, true);
    share.left('a');
    expect(turnsOf(share, ['a', 'b'], 12, true)).toBe('bbbbbbbbbabb');
  });

  it('counts jobs that wait, and never below none', () => {
    const share = new FairShare();
    share.entered('a');
    share.entered('a');
    share.left('a');
    share.left('b');
    share.ended('a');
    expect([share.waiting('a'), share.waiting('b'), share.turnOf('a').running]).toEqual([1, 0, 0]);
  });

  it('forgets accounts without a job, not those with one', () => {
    const share = new FairShare();
    share.entered('busy');
    share.served('busy');
    for (let at = 0; at < 5000; at += 1) {
      share.entered(`a${at}`);
      share.left(`a${at}`);
    }
    expect(share.size).toBeLessThanOrEqual(1002);
    expect([share.waiting('busy'), share.turnOf('busy').running]).toEqual([1, 1]);
  });
});
