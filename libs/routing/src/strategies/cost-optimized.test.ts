import { leastCostUsdMicros } from '../simulator/offline-optimum.js';
import type { BackendSpec } from '../simulator/backend-spec.js';
import { pricedInstance, type PricedInstanceOptions } from '../simulator/priced-instance.js';
import { simulate } from '../simulator/simulation.js';
import { summarise } from '../simulator/summary.js';
import { asRoute, decideAmong, makeJob, makeRow, nowMs } from '../testing/builders.js';
import { productionParts as parts } from '@switchyard/testing/simulation';
import type { Strategy } from '../strategy.js';
import { costOptimized as strategy } from './cost-optimized.js';

const cheap = makeRow('cheap', {
  tariff: { perJobUsdMicros: 100 },
  expectedResponseTimeMs: 8000,
});
const fast = makeRow('fast', { tariff: { perJobUsdMicros: 300 }, expectedResponseTimeMs: 1000 });

const seeds = [1, 2, 3, 4, 5];

describe('cost_optimized', () => {
  it.each([
    ['pays for speed where nobody said when it must be done', undefined, 'fast'],
    ['pays for none where there is time', nowMs + 8000, 'cheap'],
    ['pays for it where there is not', nowMs + 7999, 'fast'],
  ])('%s', (_what, deadlineAtMs, chosen) => {
    const job = makeJob(deadlineAtMs === undefined ? {} : { deadlineAtMs });
    expect(asRoute(decideAmong([cheap, fast], job, { strategy })).backendId).toBe(chosen);
  });

  it('still pays for quality', () => {
    const poor = makeRow('poor', { tariff: { perJobUsdMicros: 90 }, qualityScore: 0.5 });
    const job = makeJob({ deadlineAtMs: nowMs + 60_000 });
    expect(asRoute(decideAmong([cheap, poor], job, { strategy })).backendId).toBe('cheap');
  });

  /**
   * Five instances of twelve jobs alike, three backends with so many slots each; the mean of what
   * is paid over the least possible at as many deadline misses, and how many were late.
   */
  function play(by: Strategy, options: Omit<PricedInstanceOptions, 'seed'>) {
    const found = seeds.map((seed) => {
      const instance = pricedInstance({ seed, ...options });
      const run = summarise(simulate({ ...instance, strategy: by, parts }));
      const least = leastCostUsdMicros(instance, run.deadlineMisses);
      expect(run.costUsdMicros).toBeGreaterThanOrEqual(least - 1);
      return { ratio: run.costUsdMicros / least, late: run.deadlineMisses };
    });
    const mean = found.reduce((sum, { ratio }) => sum + ratio, 0) / found.length;
    const worst = Math.max(...found.map(({ ratio }) => ratio));
    return { mean, worst, late: found.reduce((sum, { late }) => sum + late, 0) };
  }

  it.each([
    [4, 1000, 8],
    [2, 3000, 8],
    [2, 1000, 3],
    [2, 1000, 8],
    [1, 8000, 8],
    [1, 3000, 8],
  ])(
    'costs at most 1.1 times the least possible: %i slots, a job in %i ms, deadlines to %i times',
    (slots, meanGapMs, slackMax) => {
      const { mean, worst, late } = play(strategy, { slots, meanGapMs, slackMax });
      expect(mean).toBeLessThanOrEqual(1.1);
      expect(worst).toBeLessThanOrEqual(1.3);
      // It is not bought with deadlines.
      expect(late / (12 * seeds.length)).toBeLessThan(0.1);
    },
  );

  it('is as cheap, with as few late as can be, where half of all must be late', () => {
    const options = { slots: 1, meanGapMs: 1000, slackMax: 3 };
    const { mean, worst, late } = play(strategy, options);
    expect(mean).toBeLessThanOrEqual(1.1);
    expect(worst).toBeLessThanOrEqual(1.1);
    const instance = pricedInstance({ seed: 1, ...options });
    const { deadlineMisses } = summarise(simulate({ ...instance, strategy, parts }));
    expect(leastCostUsdMicros(instance, deadlineMisses - 1)).toBe(Infinity);
    const before = play({ ...strategy, savesWhenLate: false }, options);
    expect(before.mean).toBeGreaterThan(1.2);
    expect(before.late).toBeGreaterThan(late);
  });

  it('costs more, with more late, where nobody may wait for a cheaper one', () => {
    const hasty: Strategy = { ...strategy, reads: ['stats'] };
    const options = { slots: 1, meanGapMs: 3000, slackMax: 8 };
    const [before, after] = [play(hasty, options), play(strategy, options)];
    expect(before.mean).toBeGreaterThan(1.15);
    expect(after.late).toBeLessThan(before.late);
  });

  it('has no bound that holds for every instance: nobody knows who comes next', () => {
    // One cheap slot. Whether the first job takes it at once or at the last moment, another that
    // has no time to lose comes right after: only who knew of it would have served both there.
    const [spec] = pricedInstance({ seed: 1, slots: 1, meanGapMs: 0, slackMax: 3 }).fleet;
    const priced = (id: string, perJobUsdMicros: number, decodeStepMs: number) => {
      return { ...(spec as BackendSpec), id, tariff: { perJobUsdMicros }, decodeStepMs };
    };
    const fleet = [priced('cheap', 10, 40), priced('dear', 100, 10)].map((one) => {
      return { ...one, expectedResponseTimeMs: 299 * one.decodeStepMs };
    });
    const request = (atMs: number, deadlineInMs: number) => {
      return { atMs, inputTokens: 1, outputTokens: 300, blockIds: [], deadlineInMs };
    };
    const requests = [request(0, 40_000), request(1, 11_970)];
    const instance = { trace: { name: 'two', blockTokens: 512, requests }, fleet };
    const run = summarise(simulate({ ...instance, strategy, parts }));
    expect([run.costUsdMicros, run.deadlineMisses]).toEqual([110, 0]);
    expect(leastCostUsdMicros(instance, 0)).toBe(20);
  });
});

describe('the least possible cost', () => {
  const drawn = pricedInstance({ seed: 1, slackMax: 3, meanGapMs: 0, slots: 1 });
  const steps = [40, 20, 10];
  /** Requests that come at once, due after so many ms; 299 steps of 40, 20 or 10 ms each. */
  const due = (...deadlinesMs: readonly number[]) => ({
    trace: {
      ...drawn.trace,
      requests: deadlinesMs.map((deadlineInMs) => {
        return { atMs: 0, inputTokens: 1, outputTokens: 300, blockIds: [], deadlineInMs };
      }),
    },
    fleet: drawn.fleet.map((spec, at) => {
      return { ...spec, tariff: { perJobUsdMicros: 10 * 2 ** at }, decodeStepMs: steps[at] ?? 0 };
    }),
  });

  it.each([
    ['the cheapest where there is time', due(12_000), 0, 10],
    ['the cheapest twice, one after the other', due(24_000, 12_000), 0, 20],
    ['a dearer one where the cheapest has no time for both', due(12_000, 12_000), 0, 30],
    ['the fastest where nobody else is in time', due(3000), 0, 40],
    ['nothing for one that may be late', due(3000), 1, 0],
    ['the others where one may be late', due(3000, 12_000), 1, 10],
    ['nothing where nobody can', due(2000), 0, Infinity],
  ])('is that of %s', (_what, instance, lateMax, cost) => {
    expect(leastCostUsdMicros(instance, lateMax)).toBe(cost);
  });

  it('is not looked for among more requests than there is time for', () => {
    const many = due(...new Array<number>(13).fill(1e6));
    expect(() => leastCostUsdMicros(many, 0)).toThrow('over 12 requests');
  });
});
