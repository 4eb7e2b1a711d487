import { HealthTable } from './health-table.js';

const open = () => {
  const table = new HealthTable(() => 0.5);
  table.register('b');
  const seen = () => table.unshown().get('b');
  const showAll = () => {
    for (const [id, health] of table.unshown()) table.showed(id, health);
  };
  const check = (ok: boolean, atMs: number) =>
    table.foldCheck({ backendId: 'b', ok, atMs, ...(ok ? {} : { message: 'refused' }) }, atMs);
  return { table, seen, showAll, check };
};

describe('what of a health is news', () => {
  it.each([
    { name: 'a first check', before: '', next: 'p', isNews: true },
    { name: 'the same again', before: 'p', next: 'p', isNews: false },
    { name: 'the first failure', before: 'p', next: 'f', isNews: true },
    { name: 'the second failure', before: 'pf', next: 'f', isNews: true },
    { name: 'the third failure: down', before: 'pff', next: 'f', isNews: true },
    { name: 'the fourth: it was down', before: 'pfff', next: 'f', isNews: false },
    { name: 'a pass again', before: 'pffff', next: 'p', isNews: true },
  ])('$name: $isNews', ({ before, next, isNews }) => {
    const { seen, showAll, check } = open();
    for (const [at, step] of before.split('').entries()) {
      check(step === 'p', at);
      showAll();
    }
    check(next === 'p', before.length);
    expect(seen() !== undefined).toBe(isNews);
  });

  it('is the time of a check, every ten seconds', () => {
    const { seen, showAll, check } = open();
    check(true, 0);
    showAll();
    check(true, 9_999);
    expect(seen()).toBeUndefined();
    check(true, 10_000);
    expect(seen()).toMatchObject({ checkedAtMs: 10_000 });
  });

  it('is not a success of an attempt whose failure this version does not know', () => {
    const { table, seen, check } = open();
    check(false, 0);
    table.foldAttempt({ backendId: 'b', failureCode: 'of_a_later_version' }, 1);
    expect(seen()).toMatchObject({ status: 'degraded' });
    table.foldAttempt({ backendId: 'b' }, 2);
    expect(seen()).toMatchObject({ status: 'healthy' });
  });

  it('is of registered backends only; strangers are forgotten after a minute', () => {
    const { table, seen } = open();
    table.foldCheck({ backendId: 'stranger', ok: true }, 0);
    expect([...table.unshown().keys()]).toEqual([]);
    table.forgetStrangers(60_000);
    table.register('stranger');
    expect([...table.unshown().keys()]).toEqual(['stranger']);
    table.remove('stranger');
    table.foldCheck({ backendId: 'stranger', ok: true }, 0);
    table.forgetStrangers(60_001);
    table.register('stranger');
    expect([...table.unshown().keys()]).toEqual([]);
    expect(seen()).toBeUndefined();
  });
});

describe('the breaker of a backend', () => {
  const end = (failureCode: string | undefined, atMs: number, attemptNo = 1) => ({
    backendId: 'b',
    jobId: `job-${atMs}`,
    attemptNo,
    durationMs: 5,
    atMs,
    ...(failureCode ? { failureCode } : {}),
  });
  const opened = () => {
    const all = open();
    for (let atMs = 1; atMs <= 5; atMs += 1)
      all.table.foldAttempt(end('upstream_unreachable', atMs), atMs);
    return all;
  };

  it('opens after five failures, tries after a minute, closes after three trials', () => {
    const { table, seen, showAll, check } = opened();
    expect(seen()).toMatchObject({ breaker: 'open', breakerReason: 'failures_in_a_row' });
    showAll();
    table.advanceBreakers(60_004);
    expect(seen()).toBeUndefined();
    table.advanceBreakers(60_005);
    expect(seen()).toMatchObject({ breaker: 'halfOpen', breakerChangedAtMs: 60_005 });
    check(true, 60_006);
    check(true, 60_007);
    table.foldAttempt(end(undefined, 60_020), 60_020);
    expect(seen()).toMatchObject({ breaker: 'halfOpen' });
    table.foldAttempt(end(undefined, 60_030), 60_030);
    expect(seen()).toMatchObject({ breaker: 'closed', breakerReason: 'trials_succeeded' });
  });

  it('opens again at the first failed trial, and does not hear attempts of before', () => {
    const { table, seen } = opened();
    table.advanceBreakers(60_005);
    table.foldAttempt(end('upstream_error', 60_007), 60_007);
    expect(seen()).toMatchObject({ breaker: 'halfOpen' });
    table.foldAttempt(end('upstream_error', 60_011), 60_011);
    expect(seen()).toMatchObject({ breaker: 'open', breakerReason: 'trial_failed' });
  });

  it('stands for the next monitor where it stood for the last', () => {
    const wire = opened().seen() ?? {};
    const next = open();
    next.table.load(new Map([['b', wire]]));
    expect(next.seen()).toBeUndefined();
    next.table.advanceBreakers(60_005);
    expect(next.seen()).toMatchObject({ breaker: 'halfOpen' });
  });

  it('stays closed where half of the backends are behind open ones already', () => {
    const { table } = opened();
    table.register('c');
    for (let atMs = 1; atMs <= 9; atMs += 1)
      table.foldAttempt({ ...end('upstream_error', atMs), backendId: 'c' }, atMs);
    expect(table.unshown().get('c')).toMatchObject({ breaker: 'closed' });
  });
});
