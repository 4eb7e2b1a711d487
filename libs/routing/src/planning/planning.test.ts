import * as fc from 'fast-check';
import { makeJob, makeRow, nowMs } from '../testing/builders.js';
import { estimate } from './estimate.js';
import { splitFastest } from './fastest-split.js';
import { type PlanChoice, planChoices } from './plan-choice.js';
import { type PlanAsk, recommend } from './recommend.js';

const choice = (id: string, cost: number, seconds: number, isEligible = true): PlanChoice => ({
  id,
  costPerJobUsdMicros: cost,
  durationMs: seconds * 1000,
  priority: 1,
  isEligible,
});

const local = choice('local', 0, 10);
const cloud = choice('cloud', 7000, 20);
const gemini = choice('gemini', 80_000, 5);
const all = [gemini, local, cloud];

const jobsOf = (choices: readonly PlanChoice[], ask: PlanAsk): Readonly<Record<string, number>> => {
  const { shares, unallocated } = recommend(choices, ask);
  const given = shares.filter(({ jobs }) => jobs > 0).map((share) => [share.backendId, share.jobs]);
  return Object.fromEntries(unallocated > 0 ? [...given, ['nobody', unallocated]] : given);
};

describe('recommendations', () => {
  it('spread a hundred jobs for a dollar as the seed does (V6)', () => {
    expect(recommend(all, { jobs: 100, budgetUsdMicros: 1_000_000 })).toEqual({
      shares: [
        { backendId: 'local', jobs: 85, costUsdMicros: 0, durationMs: 850_000, reason: 'cheapest' },
        {
          backendId: 'cloud',
          jobs: 15,
          costUsdMicros: 105_000,
          durationMs: 300_000,
          reason: 'overflow',
        },
        { backendId: 'gemini', jobs: 0, costUsdMicros: 0, durationMs: 0, reason: 'fallback' },
      ],
      costUsdMicros: 105_000,
      durationMs: 850_000,
      costPerJobUsdMicros: 1050,
      unallocated: 0,
    });
  });

  it.each<[string, readonly PlanChoice[], PlanAsk, Readonly<Record<string, number>>]>([
    ['five cents (V7)', all, { jobs: 100, budgetUsdMicros: 50_000 }, { local: 93, cloud: 7 }],
    ['no limit', all, { jobs: 100 }, { local: 85, cloud: 15 }],
    ['no money', all, { jobs: 100, budgetUsdMicros: 0 }, { local: 100 }],
    ['a cap per job', all, { jobs: 100, maxCostPerJobUsdMicros: 6999 }, { local: 100 }],
    [
      'a cap that is met',
      all,
      { jobs: 100, maxCostPerJobUsdMicros: 7000 },
      { local: 85, cloud: 15 },
    ],
    ['one job', all, { jobs: 1 }, { local: 1 }],
    ['three jobs', all, { jobs: 3 }, { local: 3 }],
    ['ten jobs, half up', all, { jobs: 10 }, { local: 9, cloud: 1 }],
    ['one backend', [cloud], { jobs: 100 }, { cloud: 100 }],
    ['nobody', [], { jobs: 100 }, { nobody: 100 }],
    ['one is down', [choice('local', 0, 10, false), cloud], { jobs: 10 }, { cloud: 10 }],
    ['all are paid', [cloud, gemini], { jobs: 100, budgetUsdMicros: 700_000 }, { cloud: 100 }],
    [
      'some to spare',
      [cloud, gemini],
      { jobs: 100, budgetUsdMicros: 999_999 },
      { cloud: 96, gemini: 4 },
    ],
    [
      'too little',
      [cloud, gemini],
      { jobs: 100, budgetUsdMicros: 699_999 },
      { cloud: 99, nobody: 1 },
    ],
    [
      'two alike',
      [cloud, choice('d', 7000, 20)],
      { jobs: 20, budgetUsdMicros: 140_000 },
      { cloud: 17, d: 3 },
    ],
    ['less than one', [cloud], { jobs: 5, budgetUsdMicros: 6999 }, { nobody: 5 }],
    ['no price', [choice('x', Number.MAX_SAFE_INTEGER, 1)], { jobs: 5 }, { nobody: 5 }],
    ['NaN for a price', [choice('x', Number.NaN, 1), local], { jobs: 5 }, { local: 5 }],
    ['no jobs', all, { jobs: 0 }, {}],
    ['half a job', all, { jobs: 0.5 }, {}],
    ['fewer than none', all, { jobs: -3 }, {}],
  ])('with %s', (_, choices, ask, expected) => {
    expect(jobsOf(choices, ask)).toEqual(expected);
  });

  it.each<[string, PlanAsk, Readonly<Record<string, number>>]>([
    ['no limit', { jobs: 7, isFast: true }, { gemini: 4, local: 2, cloud: 1 }],
    ['more jobs', { jobs: 700, isFast: true }, { gemini: 400, local: 200, cloud: 100 }],
    [
      'a dollar',
      { jobs: 100, budgetUsdMicros: 1_000_000, isFast: true },
      { gemini: 12, local: 83, cloud: 5 },
    ],
    ['no money', { jobs: 100, budgetUsdMicros: 0, isFast: true }, { local: 100 }],
    [
      'a cap per job',
      { jobs: 3, maxCostPerJobUsdMicros: 7000, isFast: true },
      { local: 2, cloud: 1 },
    ],
  ])('go where they are done soonest, with %s', (_, ask, expected) => {
    expect(jobsOf(all, ask)).toEqual(expected);
  });

  const choices = fc.array(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      costPerJobUsdMicros: fc.oneof(fc.constant(0), fc.nat(1000)),
      durationMs: fc.integer({ min: 1, max: 500 }),
      priority: fc.nat(3),
      isEligible: fc.boolean(),
    }),
    { maxLength: 4 },
  );
  const limit = fc.option(fc.nat(20_000));

  it('lose no job, spend no more than the budget, and use nobody who is not eligible', () => {
    const ask = fc.record({ jobs: fc.nat(60), budgetUsdMicros: limit, isFast: fc.boolean() });
    fc.assert(
      fc.property(choices, ask, (some, one) => {
        const plan = recommend(some, one);
        const sum = plan.shares.reduce((total, { jobs }) => total + jobs, plan.unallocated);
        expect(sum).toBe(one.jobs);
        expect(plan.unallocated).toBeGreaterThanOrEqual(0);
        expect(plan.costUsdMicros).toBeLessThanOrEqual(one.budgetUsdMicros ?? Infinity);
        expect(plan.shares.length).toBe(some.filter(({ isEligible }) => isEligible).length);
      }),
    );
  });

  it('split fast as one by one would', () => {
    fc.assert(
      fc.property(choices, fc.nat(80), limit, (some, jobs, budget) => {
        const counts = some.map(() => 0);
        let left = budget ?? Number.MAX_SAFE_INTEGER;
        for (let count = 0; count < jobs; count += 1) {
          const doneMs = some.map(({ durationMs, costPerJobUsdMicros }, at) =>
            costPerJobUsdMicros > left ? Infinity : ((counts[at] as number) + 1) * durationMs,
          );
          const soonest = doneMs.indexOf(Math.min(...doneMs));
          if (doneMs[soonest] === undefined || doneMs[soonest] === Infinity) break;
          counts[soonest] = (counts[soonest] as number) + 1;
          left -= some[soonest]?.costPerJobUsdMicros as number;
        }
        expect(splitFastest(some, jobs, budget ?? Number.MAX_SAFE_INTEGER)).toEqual(counts);
      }),
      { numRuns: 300 },
    );
  });

  it('split a million jobs over a hundred backends without handing them out one by one', () => {
    const many = Array.from({ length: 100 }, (_, at) => choice(`b${at}`, at * 10, 1 + at));
    const counts = splitFastest(many, 1_000_000, 50_000_000);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_000_000);
  });
});

describe('an estimate', () => {
  it('of a thousand jobs is as the seed says (V6)', () => {
    const found = estimate(all, { jobs: 1000 });
    expect(found).toMatchObject({
      backend: 'auto',
      costUsdMicros: 1_050_000,
      costPerJobUsdMicros: 1050,
      baselineUsdMicros: 80_000_000,
      savingsUsdMicros: 78_950_000,
      unallocated: 0,
    });
    expect(found?.shares.map(({ jobs }) => jobs)).toEqual([850, 150, 0]);
    expect(((found?.savingsRatio as number) * 100).toFixed(2)).toBe('98.69');
  });

  it.each([
    ['local', 0, 10_000_000, 1],
    ['cloud', 7_000_000, 20_000_000, 0.9125],
    ['gemini', 80_000_000, 5_000_000, 0],
  ])('of %s alone', (backend, costUsdMicros, durationMs, savingsRatio) => {
    const found = estimate(all, { jobs: 1000, backend });
    expect(found).toMatchObject({ backend, costUsdMicros, durationMs, savingsRatio });
  });

  it('of a backend that is not there is none', () => {
    expect(estimate(all, { jobs: 10, backend: 'nobody' })).toBeUndefined();
  });

  it('of a backend that is down is made all the same', () => {
    const down = choice('cloud', 7000, 20, false);
    expect(estimate([down], { jobs: 2, backend: 'cloud' })?.costUsdMicros).toBe(14_000);
  });

  it.each([
    ['all is free', [local], 0],
    ['nobody is there', [], 0],
    ['all but one have no price', [local, choice('x', Number.MAX_SAFE_INTEGER, 1, false)], 0],
  ])('saves nothing where %s', (_, choices, savingsRatio) => {
    const found = estimate(choices, { jobs: 10 });
    expect(found).toMatchObject({ savingsRatio, baselineUsdMicros: 0 });
  });
});

describe('the choices of a plan', () => {
  const job = makeJob({ preferences: { maxCostPerJobUsdMicros: 1 } });
  const rows = [
    makeRow('busy', { inFlight: 10, tariff: { perJobUsdMicros: 7000 }, priority: 2 }),
    makeRow('down', { health: 'down', durationMsMean: 500, durationSamples: 20 }),
    makeRow('other-model', { catalogue: { models: [] } }),
    makeRow('remote', { class: 'remote' }),
  ];

  it('are all backends able to do the job; those that cannot now are not eligible', () => {
    expect(planChoices(rows, job, nowMs)).toEqual([
      { id: 'busy', costPerJobUsdMicros: 7000, durationMs: 1000, priority: 2, isEligible: true },
      { id: 'down', costPerJobUsdMicros: 0, durationMs: 500, priority: 1, isEligible: false },
      { id: 'remote', costPerJobUsdMicros: 0, durationMs: 1000, priority: 1, isEligible: true },
    ]);
  });

  it('heed what the caller does not allow', () => {
    const wish = makeJob({ preferences: { allowCloudFallback: false } });
    const eligible = planChoices(rows, wish, nowMs).filter(({ isEligible }) => isEligible);
    expect(eligible.map(({ id }) => id)).toEqual(['busy']);
  });
});
