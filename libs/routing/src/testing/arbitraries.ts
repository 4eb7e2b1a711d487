import * as fc from 'fast-check';
import type { BackendRow } from '../backend-row.js';
import { type BackendStats, backendStats } from '../backend-stats.js';
import type { RoutingJob } from '../job.js';
import { type JobFacts, noFacts, queryTypes } from '../job-facts.js';
import { defaultSettings, type RoutingSettings } from '../settings.js';
import type { Turns } from '../snapshot.js';
import { makeJob, makeRow, nowMs } from './builders.js';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const models = ['m', 'n', 'constructor', ''];
const kinds = ['chat', 'completion', 'embedding'] as const;

/** A number that a row may have. */
const amount = fc.oneof(fc.constant(0), fc.nat(20), fc.nat());
/** Any number at all, NaN and infinities too. */
const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constant(0));
const ratio = fc.double({ min: 0, max: 1, noNaN: true });

const speedOf = (number: fc.Arbitrary<number>) =>
  fc.record({
    prefillMsPerToken: number,
    ttftMs: number,
    decodeTokensPerSec: number,
    samples: number,
    loadMs: number,
    residency: fc.constantFrom('resident', 'disk', 'unknown'),
  });

const statsOf = (
  number: fc.Arbitrary<number>,
  share: fc.Arbitrary<number>,
): fc.Arbitrary<BackendStats> =>
  fc
    .record(
      {
        ewmaMs: number,
        stddevMs: number,
        recentSamples: number,
        errorRatio: share,
        availabilityRatio: share,
        requestsLastMinute: number,
        failuresLast5Min: number,
        consecutiveFailures: number,
        historicalQuality: fc.option(share),
        reliabilityScore: share,
        utilisationRatio: fc.option(share),
        kvUsedRatio: fc.option(share),
        outstandingTokens: number,
        queuedPrefillMs: number,
        maxQueue: fc.option(number),
        lastHeartbeatAtMs: fc.constantFrom(null, nowMs - 40_000, nowMs - 16_000, nowMs, nowMs + 1),
        isPrimary: fc.boolean(),
        decodeConcurrencyLimit: fc.option(number),
        priorityLevel: fc.constantFrom('high', 'medium', 'low'),
        isPriceUnknown: fc.boolean(),
        models: fc.dictionary(fc.constantFrom(...models), speedOf(number), { maxKeys: 2 }),
      },
      { requiredKeys: [] },
    )
    .map((known) => backendStats(known as Partial<BackendStats>));

const someRow = (
  number: fc.Arbitrary<number>,
  share: fc.Arbitrary<number>,
): fc.Arbitrary<BackendRow> =>
  fc
    .record({
      id: fc.constantFrom(...ids),
      class: fc.constantFrom('local', 'remote'),
      priority: number,
      weight: number,
      qualityScore: share,
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
      stats: statsOf(number, share),
    })
    .map(({ id, ...rest }) => makeRow(id, rest as Parameters<typeof makeRow>[1]));

/**
 * An idle healthy row that has model `m`, with any price, speed, priority and use: most jobs find a
 * route.
 */
export const usableRow: fc.Arbitrary<BackendRow> = fc
  .record({
    id: fc.constantFrom(...ids),
    class: fc.constantFrom('local', 'remote'),
    priority: fc.integer({ min: 1, max: 5 }),
    weight: fc.integer({ min: 1, max: 5 }),
    expectedResponseTimeMs: fc.nat(20_000),
    tariff: fc.record({ perJobUsdMicros: amount, perMtokInputUsdMicros: amount }),
    health: fc.constantFrom('healthy', 'degraded', 'unknown'),
    inFlight: fc.nat(11),
    waiting: fc.option(fc.nat(12)),
    durationMsMean: fc.nat(20_000),
    durationSamples: fc.nat(12),
    lastSelectedSequence: fc.nat(3),
    stats: statsOf(fc.nat(20_000), ratio),
  })
  .map(({ id, ...rest }) => makeRow(id, rest as Parameters<typeof makeRow>[1]));

const someJob = (number: fc.Arbitrary<number>): fc.Arbitrary<RoutingJob> =>
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

const tableOf = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Record<string, Value>> =>
  fc.dictionary(fc.constantFrom(...ids), value, { maxKeys: 4, noNullPrototype: true });

const someFacts = (number: fc.Arbitrary<number>): fc.Arbitrary<JobFacts> => {
  const left = fc.record({ unpostedUsdMicros: number, unheldUsdMicros: number });
  const arm = fc.record({ samples: number, rewardMean: number, rewardVariance: number });
  return fc.oneof(
    fc.constant(noFacts),
    fc.record({
      hitTokens: tableOf(number),
      queryType: fc.constantFrom(...queryTypes),
      learned: fc.record({
        weights: tableOf(number),
        arms: tableOf(arm),
        explorationRatio: ratio,
      }),
      budgets: fc.record({ job: fc.option(left), byBackend: tableOf(left) }),
    }),
  );
};

const someSettings = (number: fc.Arbitrary<number>): fc.Arbitrary<RoutingSettings> => {
  const weights = fc.dictionary(fc.constantFrom('priority', 'cost', 'weight', 'ttft'), number, {
    noNullPrototype: true,
  });
  return fc.oneof(
    fc.constant(defaultSettings),
    fc.record({
      minimumQuality: fc.oneof(fc.constant(0), ratio),
      isAdaptiveWeighting: fc.boolean(),
      failoverThreshold: number,
      region: fc.constantFrom('eu', null),
      weights: fc.dictionary(fc.constantFrom('score', 'weighted', 'shortest_ttft'), weights, {
        noNullPrototype: true,
      }),
      backendWeights: tableOf(weights),
    }),
  );
};

const someTurns = (number: fc.Arbitrary<number>): fc.Arbitrary<Turns> =>
  fc.oneof(fc.constant({}), tableOf(number));

/** All that a decision sees but for the strategy. */
export type Case = {
  readonly rows: readonly BackendRow[];
  readonly job: RoutingJob;
  readonly cursor: string | undefined;
  readonly facts: JobFacts;
  readonly settings: RoutingSettings;
  readonly turns: Turns;
  readonly nowMs: number;
};

const cursor = fc.constantFrom(undefined, ...ids);

/** What may come up. */
export const aCase: fc.Arbitrary<Case> = fc.record({
  rows: fc.oneof(fc.array(usableRow), fc.array(someRow(amount, ratio))),
  job: someJob(fc.nat(300)),
  cursor,
  facts: someFacts(amount),
  settings: someSettings(amount),
  turns: someTurns(fc.integer({ min: -20_000, max: 20_000 })),
  nowMs: fc.constantFrom(nowMs, nowMs - 60_000, nowMs + 60_000),
});

/** What must never come up. */
export const wildCase: fc.Arbitrary<Case> = fc.record({
  rows: fc.array(someRow(anyNumber, anyNumber)),
  job: someJob(anyNumber),
  cursor,
  facts: someFacts(anyNumber),
  settings: someSettings(anyNumber),
  turns: someTurns(anyNumber),
  nowMs: anyNumber,
});

const pick = <Kind extends object>(from: Kind, keys: readonly string[]): Partial<Kind> =>
  Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key))) as Partial<Kind>;

const someKeys = (keys: readonly string[]): fc.Arbitrary<readonly string[]> =>
  fc.subarray([...keys], { maxLength: 3 });

/**
 * A good row and a plain job with a few of their fields as they may be: each filter has its turn.
 */
export const rowAndJob = fc
  .record({
    row: someRow(amount, ratio),
    job: someJob(fc.nat(300)),
    rowKeys: someKeys(Object.keys(makeRow('a'))),
    jobKeys: someKeys([...Object.keys(makeJob()), 'region', 'deadlineAtMs']),
    facts: someFacts(amount),
    settings: someSettings(amount),
  })
  .map(({ row, job, rowKeys, jobKeys, facts, settings }) => ({
    row: { ...makeRow('a'), ...pick(row, rowKeys) },
    job: { ...makeJob(), ...pick(job, jobKeys) },
    facts,
    settings,
  }));
