import { Pace } from './pace.js';

const unseen = { durationMs: 4000, slots: 2 };

/** Dispatches of one group: at which instant, and how many waited after it. */
const paceOf = (turns: readonly (readonly [number, number])[]) => {
  const pace = new Pace();
  for (const [nowMs, left] of turns) pace.dispatched('g', { nowMs, left });
  return pace;
};

describe('the pace of a line', () => {
  it.each([
    // dispatches at, left                               position   now      waits
    [[], 3, 0, 6000],
    [[[0, 5]], 3, 0, 6000],
    [
      [
        [0, 5],
        [1000, 4],
      ],
      3,
      1000,
      3000,
    ],
    [
      [
        [0, 5],
        [1000, 4],
        [2000, 3],
      ],
      1,
      2000,
      1000,
    ],
    // Four at once every 4 s are one in a second.
    [
      [
        [0, 9],
        [4000, 8],
        [4000, 7],
        [4000, 6],
        [4000, 5],
      ],
      10,
      4000,
      9699,
    ],
    // With nobody waiting, the next dispatch says nothing of the pace.
    [
      [
        [0, 2],
        [500, 1],
        [1000, 0],
        [90_000, 1],
      ],
      2,
      90_000,
      1000,
    ],
    // A standstill counts, with the time so far.
    [
      [
        [0, 5],
        [1000, 4],
      ],
      3,
      11_000,
      33_000,
    ],
    // A clock that goes backwards.
    [
      [
        [5000, 5],
        [1000, 4],
        [2000, 3],
      ],
      2,
      0,
      1010,
    ],
  ] as const)(
    'after %j the job at %i waits at %i ms for %i ms',
    (turns, position, nowMs, waits) => {
      expect(paceOf(turns).expectedWaitMs('g', { position, nowMs, unseen })).toBe(waits);
    },
  );

  it('forgets the old: after 200 turns at another pace that one is told', () => {
    const slow = Array.from({ length: 50 }, (_, at) => [at * 10_000, 9] as const);
    const fast = Array.from({ length: 200 }, (_, at) => [500_000 + at * 100, 9] as const);
    const nowMs = 500_000 + 199 * 100;
    const waitMs = paceOf([...slow, ...fast]).expectedWaitMs('g', { position: 1, nowMs, unseen });
    expect(waitMs).toBeGreaterThanOrEqual(100);
    expect(waitMs).toBeLessThan(400);
  });

  it('keeps lines apart, and the thousand that moved last', () => {
    const pace = new Pace();
    const ask = { position: 1, nowMs: 10, unseen };
    for (const group of ['old', 'new']) {
      pace.dispatched(group, { nowMs: 0, left: 1 });
      pace.dispatched(group, { nowMs: 10, left: 1 });
    }
    for (let at = 0; at < 999; at += 1) pace.dispatched(`g${at}`, { nowMs: 10, left: 1 });
    expect(['old', 'new'].map((group) => pace.expectedWaitMs(group, ask))).toEqual([2000, 10]);
  });
});
