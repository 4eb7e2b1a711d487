import * as fc from 'fast-check';
import { type BackendRow } from '../backend-row.js';
import { decide } from '../decide.js';
import { askOf } from '../filter.js';
import { filters } from '../filters/pipeline.js';
import type { RoutingJob } from '../job.js';
import { noFacts } from '../job-facts.js';
import { rankedMax } from '../picker.js';
import { recordOf, replay } from '../replay.js';
import type { ScoredSet, Scorer } from '../scorer.js';
import { seedOf } from '../seed.js';
import { defaultSettings } from '../settings.js';
import { snapshotOf } from '../snapshot.js';
import type { Strategy } from '../strategy.js';
import { makeJob, makeRow, nowMs } from './builders.js';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const models = ['m', 'n', 'constructor', ''];
const kinds = ['chat', 'completion', 'embedding'] as const;
const amount = fc.oneof(fc.constant(0), fc.nat(20), fc.nat());
/** Any number at all, NaN and infinities too. */
const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constant(0));

const rowOf = (number: fc.Arbitrary<number>): fc.Arbitrary<BackendRow> =>
  fc
    .record({
      id: fc.constantFrom(...ids),
      class: fc.constantFrom('local', 'remote'),
      priority: number,
      isEnabled: fc.boolean(),
      lastResort: fc.boolean(),
      supportedModels: fc.subarray(models, { maxLength: 2 }),
      modelAliases: fc.dictionary(fc.constantFrom(...models), fc.constantFrom(...models)),
      catalogue: fc.option(
        fc.record({
          models: fc.array(
            fc.record({
              id: fc.constantFrom(...models),
              kinds: fc.subarray([...kinds]),
              contextWindowTokens: fc.option(fc.nat(500), { nil: undefined }),
            }),
            { maxLength: 3 },
          ),
        }),
      ),
      expectedResponseTimeMs: number,
      tariff: fc.record(
        {
          perJobUsdMicros: number,
          perMtokInputUsdMicros: number,
          perMtokOutputUsdMicros: number,
          perSecondUsdMicros: number,
        },
        { requiredKeys: [] },
      ),
      region: fc.constantFrom('eu', 'us', undefined),
      tags: fc.subarray(['x', 'y']),
      health: fc.constantFrom('healthy', 'degraded', 'down', 'unknown'),
      isAlive: fc.boolean(),
      breaker: fc.constantFrom('closed', 'open', 'halfOpen'),
      cooldownUntilMs: fc.constantFrom(0, nowMs - 1, nowMs, nowMs + 1),
      inFlight: number,
      slots: number,
      waiting: fc.option(number),
      durationMsMean: number,
      durationSamples: number,
      lastSelectedSequence: number,
      requestsThisMinute: number,
      tokensThisMinute: number,
      maxRequestsPerMinute: fc.option(number),
      maxTokensPerMinute: fc.option(number),
    })
    .map(({ id, ...rest }) => makeRow(id, rest as Parameters<typeof makeRow>[1]));

/**
 * An idle healthy row that has model `m`, with any price, speed, priority and use: most jobs find a
 * route.
 */
const usableRow = fc
  .record({
    id: fc.constantFrom(...ids),
    class: fc.constantFrom('local', 'remote'),
    priority: fc.integer({ min: 1, max: 5 }),
    expectedResponseTimeMs: fc.nat(20_000),
    tariff: fc.record({ perJobUsdMicros: amount, perMtokInputUsdMicros: amount }),
    health: fc.constantFrom('healthy', 'degraded', 'unknown'),
    inFlight: fc.nat(11),
    waiting: fc.option(fc.nat(12)),
    durationMsMean: fc.nat(20_000),
    durationSamples: fc.nat(12),
    lastSelectedSequence: fc.nat(3),
  })
  .map(({ id, ...rest }) => makeRow(id, rest as Parameters<typeof makeRow>[1]));

const rows = fc.oneof(fc.array(usableRow), fc.array(rowOf(amount)));

const jobOf = (number: fc.Arbitrary<number>): fc.Arbitrary<RoutingJob> =>
  fc
    .record({
      id: fc.string(),
      kind: fc.constantFrom('chat', 'chat', 'embedding'),
      model: fc.constantFrom('m', 'm', ...models, 'nobody has it', '__proto__'),
      estimatedInputTokens: number,
      maxOutputTokens: number,
      deadlineAtMs: fc.option(
        fc.nat(30_000).map((leftMs) => nowMs + leftMs),
        { nil: undefined },
      ),
      region: fc.constantFrom(undefined, undefined, 'eu'),
      tags: fc.subarray(['x']),
      excludedBackendIds: fc.subarray(ids, { maxLength: 3 }),
      triedTransient: fc.subarray(ids, { maxLength: 3 }),
      attemptNo: fc.integer({ min: 1, max: 3 }),
      preferences: fc.record({
        preferredBackend: fc.constantFrom('auto', 'auto', ...ids),
        maxCostPerJobUsdMicros: fc.option(number),
        prioritizeSpeed: fc.boolean(),
        allowCloudFallback: fc.boolean(),
      }),
    })
    .map((job) => makeJob(job as Parameters<typeof makeJob>[0]));

const job = jobOf(fc.nat(300));
const cursor = fc.constantFrom(undefined, ...ids);

const decideOn = (
  strategy: Strategy,
  { rows: some, job: one, cursor: last }: Case,
): ReturnType<typeof decide> =>
  decide({
    job: one,
    snapshot: snapshotOf(some, { cursors: last === undefined ? {} : { [one.kind]: last } }),
    strategy,
    nowMs,
    seed: seedOf(one.id, one.attemptNo),
  });

type Case = {
  readonly rows: readonly BackendRow[];
  readonly job: RoutingJob;
  readonly cursor: string | undefined;
};
const aCase: fc.Arbitrary<Case> = fc.record({ rows, job, cursor });
const wildCase: fc.Arbitrary<Case> = fc.record({
  rows: fc.array(rowOf(anyNumber)),
  job: jobOf(anyNumber),
  cursor,
});

const withoutDoubles = (some: readonly BackendRow[]): readonly BackendRow[] =>
  snapshotOf(some).backends;

/** The laws that every strategy obeys; a strategy's test opts in with this one line. */
export function describeStrategyLaws(strategy: Strategy): void {
  describe(`${strategy.name} obeys the laws of every strategy`, () => {
    it('decides alike whatever the order of the backends', () => {
      const shuffled = aCase.chain((one) => {
        const some = withoutDoubles(one.rows);
        const all = fc.shuffledSubarray([...some], { minLength: some.length });
        return fc.tuple(fc.constant({ ...one, rows: some }), all);
      });
      fc.assert(
        fc.property(shuffled, ([one, other]) => {
          expect(decideOn(strategy, { ...one, rows: other })).toEqual(decideOn(strategy, one));
        }),
      );
    });

    it('gives the same bytes for the same input, after a trip through JSON too', () => {
      fc.assert(
        fc.property(aCase, ({ rows: some, job: one }) => {
          const input = { job: one, snapshot: snapshotOf(some), strategy, nowMs, seed: 7 };
          const record = recordOf(input, decide(input));
          expect(replay(JSON.parse(JSON.stringify(record)))).toEqual({ kind: 'same' });
        }),
      );
    });

    it('never routes to a backend that a filter leaves out', () => {
      fc.assert(
        fc.property(aCase, (one) => {
          const decision = decideOn(strategy, one);
          const routed = decision.kind === 'route' ? decision.ranked : [];
          const out = new Set(decision.excluded.backendIds);
          expect(routed.filter((id) => out.has(id))).toEqual([]);
          const isReuse = decision.kind === 'route' && decision.reason === 'reused';
          expect(routed.filter((id) => isFiltered(one, id, isReuse))).toEqual([]);
        }),
      );
    });

    it('accounts for every backend once, and ranks the chosen one first', () => {
      fc.assert(
        fc.property(aCase, (one) => {
          const decision = decideOn(strategy, one);
          const count = decision.kind === 'route' ? decision.survivorCount : 0;
          const all = snapshotOf(one.rows).backends.length;
          expect(count + decision.excluded.backendIds.length).toBe(all);
          const ranked = decision.kind === 'route' ? decision.ranked : [];
          expect(new Set(ranked).size).toBe(Math.min(count, rankedMax));
          expect(ranked[0]).toBe(decision.kind === 'route' ? decision.backendId : undefined);
        }),
      );
    });

    it('never throws, whatever the numbers', () => {
      fc.assert(
        fc.property(wildCase, (one) => {
          expect(['route', 'wait', 'reject']).toContain(decideOn(strategy, one).kind);
        }),
        { numRuns: 500 },
      );
    });

    for (const { scorer } of strategy.scorers) describeScorerLaws(scorer);
  });
}

function isFiltered(one: Case, id: string, isReuse: boolean): boolean {
  const row = snapshotOf(one.rows).backends.find((each) => each.id === id) as BackendRow;
  const ask = askOf(one.job, nowMs);
  return filters.some(
    ({ reason, excludes }) =>
      excludes(row, ask) &&
      !(isReuse && reason === 'already_tried' && one.job.triedTransient.includes(id)),
  );
}

/** Any row and any job, in which every filter has something to do. */
export const rowAndJob = fc.tuple(rowOf(amount), jobOf(fc.nat(300)));

/** A scored set of `some` with these costs. */
export const setOf = (
  some: readonly BackendRow[],
  costsUsdMicros: readonly number[] = some.map(() => 0),
  more: Partial<ScoredSet> = {},
): ScoredSet => ({
  rows: some,
  costsUsdMicros,
  job: makeJob(),
  facts: noFacts,
  settings: defaultSettings,
  nowMs,
  ...more,
});

/** The laws that every scorer obeys. */
function describeScorerLaws(scorer: Scorer): void {
  const someRows = fc.array(usableRow, { minLength: 1 });

  it(`${scorer.name} rates each backend from 0 to 1`, () => {
    fc.assert(
      fc.property(someRows, fc.array(fc.nat(), { minLength: 10, maxLength: 10 }), (some, costs) => {
        const scores = scorer.score(
          setOf(
            some,
            some.map((_, at) => costs[at % 10] as number),
          ),
        );
        expect(scores.length).toBe(some.length);
        expect(scores.filter((each) => !(each >= 0 && each <= 1))).toEqual([]);
      }),
    );
  });

  it(`${scorer.name} never rates the cheaper of two otherwise equal backends lower`, () => {
    fc.assert(
      fc.property(usableRow, fc.nat(), fc.nat(), someRows, (row, costA, costB, others) => {
        const costs = [Math.min(costA, costB), Math.max(costA, costB), ...others.map(() => 5)];
        const [cheap, dear] = scorer.score(setOf([row, row, ...others], costs));
        expect(cheap).toBeGreaterThanOrEqual(dear as number);
      }),
    );
  });
}
