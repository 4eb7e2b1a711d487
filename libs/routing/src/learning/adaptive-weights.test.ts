import * as fc from 'fast-check';
import type { QueryType } from '../job-facts.js';
import { AdaptiveWeights, type Performance, performanceOf } from './adaptive-weights.js';

const startMs = 1_700_000_000_000;
const quarterMs = 900_000;

const outcome = (options: Partial<Performance> = {}): Performance => ({
  backendId: 'a',
  queryType: 'factual',
  isSuccess: true,
  durationMs: 1000,
  atMs: startMs,
  ...options,
});

const add = (weights: AdaptiveWeights, count: number, options: Partial<Performance> = {}): void => {
  for (let at = 0; at < count; at += 1) weights.add(outcome(options));
};

const weightOf = (weights: AdaptiveWeights, id = 'a'): number | undefined =>
  weights.weightsOf([id], 'factual')[id];

describe('the performance of an attempt', () => {
  it.each([
    [{ isSuccess: true, durationMs: 1000 }, 0.9],
    [{ isSuccess: true, durationMs: 4000 }, 0.75],
    [{ isSuccess: true, durationMs: 0, quality: 1 }, 1],
    [{ isSuccess: false, durationMs: 50 }, 0.1],
    [{ isSuccess: false, durationMs: 50, quality: 0 }, 0],
  ])('%j: %p', (one, expected) => {
    expect(performanceOf(one)).toBeCloseTo(expected, 12);
  });
});

describe('adaptive weights', () => {
  it('are not there before anything was learned', () => {
    expect(new AdaptiveWeights().weightsOf(['a'], 'factual')).toEqual({});
    expect(new AdaptiveWeights().update(startMs)).toBe(false);
  });

  it.each([
    [9, quarterMs, undefined],
    [10, quarterMs - 1, undefined],
    [10, quarterMs, 0.99 + 0.01 * 0.9],
    [1000, quarterMs, 0.99 + 0.01 * 0.9],
  ])('with %d outcomes after %d ms', (count, afterMs, expected) => {
    const weights = new AdaptiveWeights();
    add(weights, count);
    expect(weights.update(startMs + afterMs)).toBe(expected !== undefined);
    expect(weightOf(weights)?.toFixed(9)).toBe(expected?.toFixed(9));
  });

  it('are of one backend and one query type', () => {
    const weights = new AdaptiveWeights();
    add(weights, 10);
    weights.update(startMs + quarterMs);
    expect(weights.weightsOf(['a', 'b'], 'creative')).toEqual({});
    expect(weights.weightsOf(['b'], 'factual')).toEqual({});
  });

  it('count an outcome once, and wait for the tenth', () => {
    const weights = new AdaptiveWeights({ learningRate: 0.5 });
    add(weights, 9);
    expect(weights.update(startMs + quarterMs)).toBe(false);
    add(weights, 1, { atMs: startMs + quarterMs });
    expect(weights.update(startMs + 2 * quarterMs)).toBe(true);
    expect(weights.update(startMs + 3 * quarterMs)).toBe(false);
    expect(weightOf(weights)).toBeCloseTo(0.95, 12);
  });

  it('do not count what is over a week old', () => {
    const weights = new AdaptiveWeights();
    add(weights, 10);
    expect(weights.update(startMs + 168 * 3_600_000 + 1)).toBe(false);
  });

  it('count the last thousand', () => {
    const weights = new AdaptiveWeights({ learningRate: 1 });
    add(weights, 500, { isSuccess: false });
    add(weights, 1000);
    expect(weights.state().outcomes.length).toBe(1000);
    weights.update(startMs + quarterMs);
    expect(weightOf(weights)).toBeCloseTo(0.9, 12);
  });

  it('stay within 0.1 and 2', () => {
    const weights = new AdaptiveWeights({ learningRate: 1 });
    add(weights, 10, { isSuccess: false, quality: 0 });
    weights.update(startMs + quarterMs);
    expect(weightOf(weights)).toBe(0.1);
  });

  it('wait a whole interval after the clock went back', () => {
    const weights = new AdaptiveWeights();
    add(weights, 10);
    expect(weights.update(startMs - 10 * quarterMs)).toBe(false);
    expect(weights.update(startMs - 9 * quarterMs)).toBe(true);
  });

  it('forget a backend that is gone, and none whose id begins alike', () => {
    const weights = new AdaptiveWeights();
    add(weights, 10, { backendId: 'a' });
    add(weights, 10, { backendId: 'a-2' });
    weights.forget('a');
    weights.update(startMs + quarterMs);
    expect(Object.keys(weights.weightsOf(['a', 'a-2'], 'factual'))).toEqual(['a-2']);
  });

  it('come to the mean performance in time, and rank the better backend first', () => {
    const weights = new AdaptiveWeights({ learningRate: 0.1 });
    for (let run = 1; run <= 100; run += 1) {
      const atMs = startMs + run * quarterMs;
      add(weights, 10, { backendId: 'a', durationMs: 500, atMs });
      add(weights, 10, { backendId: 'b', durationMs: 8000, atMs });
      weights.update(atMs);
    }
    expect(weightOf(weights, 'a')).toBeCloseTo(0.9, 3);
    expect(weightOf(weights, 'b')).toBeCloseTo(0.675, 3);
  });

  it('are the same after a trip through JSON', () => {
    const some = fc.array(
      fc.record({
        backendId: fc.constantFrom('a', 'b'),
        queryType: fc.constantFrom<QueryType>('factual', 'creative'),
        isSuccess: fc.boolean(),
        durationMs: fc.nat(10_000),
        atMs: fc.nat(10_000).map((ms) => startMs + ms),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(some, some, (before, since) => {
        const weights = new AdaptiveWeights();
        for (const one of before) weights.add(one);
        weights.update(startMs + quarterMs);
        for (const one of since) weights.add(one);
        const again = new AdaptiveWeights();
        again.restore(JSON.parse(JSON.stringify(weights.state())));
        expect(again.update(startMs + 3 * quarterMs)).toBe(weights.update(startMs + 3 * quarterMs));
        expect(again.state()).toEqual(weights.state());
      }),
    );
  });
});
