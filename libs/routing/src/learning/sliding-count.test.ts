import * as fc from 'fast-check';
import { SlidingCount } from './sliding-count.js';

const startMs = 1_700_000_000_000;
const windowMs = 60_000;

describe('a sliding count', () => {
  it.each([
    ['nothing yet', [], 0, 0],
    ['all in the window', [0, 10_000, 59_000], 59_000, 3],
    ['the first has left', [0, 10_000, 59_000], 61_000, 2],
    ['the clock went back', [10_000, 5000, 0], 10_000, 3],
    ['asked about the past', [10_000], 0, 1],
    ['long silence', [0, 1], 10_000_000, 0],
  ])('%s', (_, atMs, nowMs, expected) => {
    const count = new SlidingCount(windowMs);
    for (const at of atMs) count.add(startMs + at);
    expect(count.count(startMs + nowMs)).toBe(expected);
  });

  it('counts what is younger than the window, and at most a sixtieth more', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000), { maxLength: 100 }), fc.nat(90_000), (gaps, waitMs) => {
        const count = new SlidingCount(windowMs);
        let atMs = startMs;
        const all = gaps.map((gapMs) => {
          atMs += gapMs;
          count.add(atMs);
          return atMs;
        });
        const nowMs = atMs + waitMs;
        const got = count.count(nowMs);
        const within = (ms: number) => all.filter((each) => nowMs - each < ms).length;
        expect(got).toBeLessThanOrEqual(within(windowMs));
        expect(got).toBeGreaterThanOrEqual(within(windowMs - windowMs / 60));
      }),
    );
  });

  it('is the same after a trip through JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { maxLength: 50 }), fc.nat(70_000), (at, waitMs) => {
        const count = new SlidingCount(windowMs);
        for (const each of at) count.add(startMs + each);
        const again = new SlidingCount(windowMs);
        again.restore(JSON.parse(JSON.stringify(count.state())));
        const nowMs = startMs + 100_000 + waitMs;
        expect(again.count(nowMs)).toBe(count.count(nowMs));
      }),
    );
  });

  it.each([
    ['a negative step', { newestStep: -1, counts: new Array<number>(60).fill(1) }],
    ['too few counts', { newestStep: 1, counts: [1] }],
    ['a count that is none', { newestStep: 1, counts: new Array<number>(60).fill(0.5) }],
  ])('does not take over %s', (_, state) => {
    const count = new SlidingCount(windowMs);
    count.restore(state);
    expect(count.count(startMs)).toBe(0);
  });
});
