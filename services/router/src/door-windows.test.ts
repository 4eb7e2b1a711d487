import type { AskAdmit } from '@switchyard/contracts';
import type { RateStanding } from '@switchyard/jobs';
import { DoorWindows } from './door-windows.js';

const limits = [{ scope: 'team', requestsPerMinute: 3, tokensPerMinute: 100 }];

/** Asks as a gateway does: with what it let in before, where the router wants to know that. */
function ask(windows: DoorWindows, id: string, changes: Partial<AskAdmit> = {}, nowMs = 100_000) {
  const asked = { doorId: 'a', id, tokens: 10, limits, ...changes };
  const first = windows.admit({ ...asked, history: undefined }, nowMs);
  const answer = first.isHistoryWanted
    ? windows.admit({ ...asked, history: asked.history ?? [] }, nowMs)
    : first;
  if (answer.isHistoryWanted) throw new Error('asked twice');
  return answer.standings[0] as RateStanding;
}

describe('the windows of all doors', () => {
  it('are one window, however many doors ask', () => {
    const windows = new DoorWindows();
    const waits = [1, 2, 3, 4].map((at) => {
      return ask(windows, `${at}`, { doorId: `door-${at % 2}` }, 100_000 + at).waitMs;
    });
    expect(waits).toEqual([0, 0, 0, 59_997]);
    expect(ask(windows, '5', {}, 160_001)).toMatchObject({ waitMs: 0, requests: 3 });
  });

  it('count a request once that is asked for again, and its tokens as they were in the end', () => {
    const windows = new DoorWindows();
    ask(windows, '1', { tokens: 90 });
    expect(ask(windows, '1', { tokens: 10 })).toMatchObject({ requests: 1, tokens: 90 });
    expect(ask(windows, '2', { tokens: 20 }).waitMs).toBe(60_000);
    windows.spent({ id: '1', tokens: 5 });
    windows.spent({ id: '1', tokens: 99 });
    windows.spent({ id: 'nobody', tokens: 1_000 });
    expect(ask(windows, '2', { tokens: 20 })).toMatchObject({ waitMs: 0, tokens: 25 });
  });

  it('hear of a door that is new to them what it let in before', () => {
    const windows = new DoorWindows();
    const history = [
      {
        scope: 'team',
        entries: [
          [50_000, 10],
          [1_000, 10],
        ],
      },
    ] as const;
    ask(windows, '1', { doorId: 'b' });
    expect(ask(windows, '2', { history })).toMatchObject({ waitMs: 10_000, requests: 3 });
    expect(ask(windows, '2', { history }, 110_000)).toMatchObject({ waitMs: 0, requests: 3 });
    windows.clear();
    expect(windows.admit({ doorId: 'a', id: '3', tokens: 1, limits }, 110_000)).toEqual({
      isHistoryWanted: true,
    });
  });

  it('tell how many doors have asked within a minute', () => {
    const windows = new DoorWindows();
    const doors = (doorId: string, nowMs: number) => {
      const answer = windows.admit(
        { doorId, id: `${nowMs}`, tokens: 0, limits, history: [] },
        nowMs,
      );
      return answer.isHistoryWanted ? undefined : answer.doors;
    };
    expect([doors('a', 0), doors('b', 10), doors('a', 30_000)]).toEqual([1, 2, 2]);
    expect([doors('a', 70_000), doors('c', 70_001), doors('b', 72_000)]).toEqual([1, 2, 3]);
  });
});
