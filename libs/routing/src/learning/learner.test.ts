import * as fc from 'fast-check';
import { backendStats } from '../backend-stats.js';
import type { QueryType } from '../job-facts.js';
import { makeJob, makeRow } from '../testing/builders.js';
import { Learner } from './learner.js';
import type { Observation } from './observation.js';

const startMs = 1_700_000_000_000;
const job = makeJob();
const timedJob = makeJob({ deadlineAtMs: startMs + 9000 });

const seen = (options: Partial<Observation> = {}): Observation => ({
  backendId: 'a',
  model: 'm',
  kind: 'chat',
  account: 'acme',
  failure: null,
  endedAtMs: startMs,
  durationMs: 1000,
  estimatedInputTokens: 100,
  maxOutputTokens: 100,
  ...options,
});

const after = (...all: readonly Partial<Observation>[]): Learner => {
  const learner = new Learner();
  for (const one of all) learner.observe(seen(one));
  return learner;
};

const times = (count: number, one: Partial<Observation>): readonly Partial<Observation>[] =>
  Array.from({ length: count }, () => one);

const anObservation: fc.Arbitrary<Observation> = fc
  .record({
    backendId: fc.constantFrom('a', 'b', '__proto__'),
    model: fc.constantFrom('m', 'constructor', 'with space'),
    failure: fc.constantFrom(null, null, 'upstream_timeout', 'cancelled'),
    durationMs: fc.oneof(fc.nat(20_000), fc.double()),
    endedAtMs: fc.nat(1_000_000).map((ms) => startMs + ms),
    estimatedInputTokens: fc.nat(100_000),
    maxOutputTokens: fc.nat(5000),
    inFlightAtDispatch: fc.option(fc.nat(9), { nil: undefined }),
    queryType: fc.constantFrom<QueryType | undefined>('factual', 'creative', undefined),
    ttftMs: fc.option(fc.nat(5000), { nil: undefined }),
    outputTokens: fc.option(fc.nat(5000), { nil: undefined }),
  })
  .map((one) => seen(one as Partial<Observation>));

const rows = ['a', 'b', '__proto__'].map((id) => makeRow(id));

describe('what a learner knows of a backend', () => {
  it('is nothing at first', () => {
    expect(new Learner().statsOf('a', startMs)).toEqual({});
    expect(new Learner().durationsOf('a')).toEqual({ durationMsMean: 0, durationSamples: 0 });
    expect(new Learner().classOf('a', job)).toBeUndefined();
  });

  it.each<[string, readonly Partial<Observation>[], object]>([
    ['a success', [{}], { ewmaMs: 1000, errorRatio: 0, requestsLastMinute: 1, recentSamples: 1 }],
    ['a fault', [{ failure: 'upstream_error' }], { errorRatio: 1, consecutiveFailures: 1 }],
    ["the caller's fault", [{ failure: 'invalid_request' }], { errorRatio: 0, recentSamples: 0 }],
    ['a fault, a success', [{ failure: 'upstream_error' }, {}], { consecutiveFailures: 0 }],
  ])('after %s', (_, all, expected) => {
    expect(after(...all).statsOf('a', startMs)).toMatchObject(expected);
  });

  it.each([
    [{ durationMs: Number.NaN }],
    [{ durationMs: -1 }],
    [{ durationMs: Infinity }],
    [{ endedAtMs: Number.NaN }],
    [{ endedAtMs: -1 }],
    [{ endedAtMs: 1e300 }],
  ])('is nothing after %p', (one) => {
    expect(after(one).state()).toEqual(new Learner().state());
  });

  it('is what a row can take', () => {
    const stats = backendStats(after({}).statsOf('a', startMs));
    expect(stats.historicalQuality).toBeNull();
    expect(Object.keys(stats.models)).toEqual(['m']);
  });

  it('is how good its rated answers were', () => {
    const learner = after({});
    expect(learner.rateAnswer('a', { relevance: 0.5 })).toBe(true);
    expect(learner.rateAnswer('a', { relevance: 1 })).toBe(true);
    expect(learner.rateAnswer('a', {})).toBe(false);
    expect(learner.statsOf('a', startMs).historicalQuality).toBe(0.75);
  });

  it('goes with it', () => {
    const learner = after({});
    learner.forget('a');
    expect(learner.statsOf('a', startMs)).toEqual({});
  });
});

describe('the speed of a model', () => {
  const speedAfter = (one: Partial<Observation>) => after(one).statsOf('a', startMs).models?.['m'];

  it.each<[string, Partial<Observation>, object]>([
    ['no first token timed', {}, { samples: 0, prefillMsPerToken: 1 }],
    [
      'a first token',
      { ttftMs: 400, inputTokens: 200, outputTokens: 61 },
      { samples: 1, ttftMs: 400, prefillMsPerToken: 2, decodeTokensPerSec: 100 },
    ],
    [
      'a cached token costs 0.3',
      { ttftMs: 130, inputTokens: 200, hitTokens: 100 },
      { prefillMsPerToken: 1 },
    ],
    [
      'a reported prefill is of what was not cached',
      { ttftMs: 999, prefillMs: 50, inputTokens: 200, hitTokens: 100 },
      { prefillMsPerToken: 0.5 },
    ],
    [
      'loading is no prefill',
      { ttftMs: 900, loadMs: 700, inputTokens: 100 },
      { loadMs: 700, ttftMs: 200, prefillMsPerToken: 2 },
    ],
    ['all was cached', { ttftMs: 9, prefillMs: 5, inputTokens: 10, hitTokens: 10 }, { ttftMs: 9 }],
  ])('%s', (_, one, expected) => {
    expect(speedAfter(one)).toMatchObject(expected);
  });

  it('moves a tenth of the way with the newest, once there are ten', () => {
    const one = { ttftMs: 100, inputTokens: 100 };
    const learner = after(...times(20, one), { ...one, ttftMs: 200 });
    expect(learner.statsOf('a', startMs).models?.['m']?.ttftMs).toBeCloseTo(110, 9);
  });
});

describe('a class of jobs', () => {
  it('has its own averages and quantiles', () => {
    const durations = Array.from({ length: 100 }, (_, at) => ({ durationMs: 10 * (at + 1) }));
    const learner = after(...durations, ...times(9, { durationMs: 9000, maxOutputTokens: 900 }));
    const summary = learner.classOf('a', job);
    expect(summary).toMatchObject({ samples: 100, ttftMsMean: 0 });
    expect(Math.abs((summary?.durationMsP50 as number) / 500 - 1)).toBeLessThan(0.021);
    expect(Math.abs((summary?.durationMsP95 as number) / 950 - 1)).toBeLessThan(0.021);
  });

  it('says no p95 where there is no deadline', () => {
    const { arms } = after(...times(50, {})).learnedFor(job, 'simple', rows, startMs);
    expect(arms['a']?.durationMsP95).toBeUndefined();
  });

  it('says its p95 with the arm, from twenty successes on', () => {
    const p95Of = (learner: Learner) =>
      learner.learnedFor(timedJob, 'simple', rows, startMs).arms['a']?.durationMsP95;
    expect(p95Of(after(...times(19, {})))).toBeUndefined();
    expect(p95Of(after(...times(20, { failure: 'upstream_timeout' })))).toBeUndefined();
    expect(Math.abs((p95Of(after(...times(20, {}))) as number) / 1000 - 1)).toBeLessThan(0.021);
  });
});

describe('arms', () => {
  const armsOf = (learner: Learner, atMs = startMs, some = rows) =>
    learner.learnedFor(job, 'simple', some, atMs).arms;
  const meanOf = (learner: Learner, id: string, some = rows) =>
    armsOf(learner, startMs, some)[id]?.rewardMean as number;

  it('are alike where nothing was seen', () => {
    const { a, b } = armsOf(new Learner()) as Record<string, { samples: number }>;
    expect(a).toEqual(b);
    expect(a?.samples).toBe(0);
  });

  it('rate the faster higher, about as much as it is faster', () => {
    const learner = after(
      ...times(100, { durationMs: 500 }),
      ...times(100, { backendId: 'b', durationMs: 2000 }),
    );
    expect(meanOf(learner, 'a')).toBeCloseTo(0.5, 2);
    // A fault is a little likely everywhere, so not quite 1/5.
    expect(meanOf(learner, 'b')).toBeGreaterThan(0.19);
    expect(meanOf(learner, 'b')).toBeLessThan(0.25);
  });

  it('rate who fails slowly lower than who is slow', () => {
    const learner = after(
      ...times(20, { durationMs: 1000 }),
      ...times(20, { backendId: 'b', failure: 'upstream_timeout', durationMs: 5000 }),
      ...times(20, { backendId: 'b', durationMs: 500 }),
    );
    const two = rows.slice(0, 2);
    expect(meanOf(learner, 'b', two)).toBeLessThan(0.35);
    expect(meanOf(learner, 'a', two)).toBe(0.5);
  });

  it('rate who is in use lower, once it was seen to be slower then', () => {
    const use = [0, 1, 2, 3, 4, 5, 6, 7];
    const learner = after(
      ...times(20, {}).flatMap(() =>
        use.flatMap((inFlightAtDispatch) => [
          { inFlightAtDispatch, durationMs: 1000 * (1 + 0.3 * inFlightAtDispatch) },
          { backendId: 'b', inFlightAtDispatch, durationMs: 1500 },
        ]),
      ),
    );
    const busy = (inFlight: number) => [makeRow('a', { inFlight }), makeRow('b', { inFlight })];
    expect(meanOf(learner, 'a', busy(0))).toBeGreaterThan(meanOf(learner, 'b', busy(0)));
    expect(meanOf(learner, 'a', busy(6))).toBeLessThan(meanOf(learner, 'b', busy(6)));
  });

  it('know of a class what the others showed of its backend', () => {
    const long = { maxOutputTokens: 2000 };
    const learner = after(
      ...times(50, { durationMs: 1000 }),
      ...times(50, { backendId: 'b', durationMs: 4000 }),
      ...times(9, { ...long, durationMs: 8000 }),
    );
    const { arms } = learner.learnedFor(makeJob(long), 'simple', rows, startMs);
    expect(arms['b']?.rewardMean).toBeLessThan(0.25);
  });

  it('grow unsure of a backend that was silent for hours', () => {
    const learner = after(...times(50, { failure: 'upstream_error' }), ...times(50, {}));
    const spreadAt = (atMs: number) => {
      const arm = armsOf(learner, atMs)['a'];
      return (arm?.rewardVariance as number) / ((arm?.samples as number) + 1);
    };
    expect(spreadAt(startMs + 8 * 3_600_000)).toBeGreaterThan(4 * spreadAt(startMs));
  });

  it('are numbers from 0 to 1, whatever was seen', () => {
    fc.assert(
      fc.property(fc.array(anObservation, { maxLength: 30 }), fc.nat(), (all, laterMs) => {
        const learner = after(...all);
        const arms = Object.values(armsOf(learner, startMs + laterMs));
        const odd = arms.filter(
          ({ rewardMean, rewardVariance, samples }) =>
            !(rewardMean >= 0 && rewardMean <= 1 && rewardVariance >= 0 && samples >= 0),
        );
        expect(odd).toEqual([]);
        expect(arms.length).toBe(3);
      }),
    );
  });
});

describe('the length of answers', () => {
  it.each([
    [19, undefined],
    [20, 200],
  ])('%d answers predict %p', (count, expected) => {
    const p95 = after(...times(count, { outputTokens: 200 })).outputTokensP95('acme', 'm');
    expect(p95 === undefined).toBe(expected === undefined);
    expect((p95 ?? 200) >= 200 && (p95 ?? 200) <= 209).toBe(true);
  });

  it('is of one account and one model, and of whole answers', () => {
    const learner = after(...times(30, { outputTokens: 200 }));
    for (const one of times(30, { outputTokens: 9, failure: 'stream_interrupted' })) {
      learner.observe(seen({ ...one, account: 'other' }));
    }
    expect(learner.outputTokensP95('other', 'm')).toBeUndefined();
    expect(learner.outputTokensP95('acme', 'n')).toBeUndefined();
  });
});

describe('the tokens expected of an answer', () => {
  it.each([
    [19, 50, undefined],
    [20, 50, 50],
    [20, 900, 100],
  ])('after %d answers of %d tokens: %p', (count, outputTokens, expected) => {
    expect(after(...times(count, { outputTokens })).expectedOutputTokens(job)).toBe(expected);
  });

  it('are those of its class, whoever answered', () => {
    const learner = after(
      ...times(10, { outputTokens: 40 }),
      ...times(10, { outputTokens: 40, backendId: 'b' }),
      ...times(50, { outputTokens: 900, maxOutputTokens: 1000 }),
    );
    expect(learner.expectedOutputTokens(job)).toBe(40);
  });

  it('are hardly moved by one that is long', () => {
    const learner = after(...times(99, { outputTokens: 20 }), ...times(1, { outputTokens: 100 }));
    expect(learner.expectedOutputTokens(job)).toBe(21);
  });
});

describe('what was learned', () => {
  it('is the same after a trip through JSON', () => {
    const all = fc.array(anObservation, { maxLength: 40 });
    fc.assert(
      fc.property(all, all, (before, since) => {
        const learner = after(...before);
        learner.rateAnswer('a', { relevance: 0.3 });
        learner.update(startMs + 2_000_000);
        const again = Learner.restored(JSON.parse(JSON.stringify(learner.state()))) as Learner;
        for (const each of [learner, again]) for (const one of since) each.observe(one);
        expect(again.state()).toEqual(learner.state());
        const nowMs = startMs + 1_500_000;
        expect(again.learnedFor(timedJob, 'factual', rows, nowMs)).toEqual(
          learner.learnedFor(timedJob, 'factual', rows, nowMs),
        );
        expect(again.statsOf('a', nowMs)).toEqual(learner.statsOf('a', nowMs));
      }),
      { numRuns: 100 },
    );
  });

  it('has weights by backend and query type', () => {
    const learner = new Learner({ learningRate: 1, everyMs: 1000 });
    for (const one of times(10, { queryType: 'factual', durationMs: 4000 }))
      learner.observe(seen(one));
    expect(learner.update(startMs + 1000)).toBe(true);
    expect(learner.learnedWeights()).toEqual([
      { backendId: 'a', queryType: 'factual', weight: 0.75 },
    ]);
    expect(learner.learnedFor(job, 'factual', rows, startMs).weights).toEqual({ a: 0.75 });
    expect(learner.learnedFor(job, 'creative', rows, startMs).weights).toEqual({});
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'learned'],
    ['another version', { ...new Learner().state(), version: 2 }],
    ['a part that is missing', { ...new Learner().state(), durations: undefined }],
    ['a record that is none', { ...new Learner().state(), classes: [['a chat.0.0 m', {}]] }],
    ['a key that is none', { ...new Learner().state(), outputTokens: [[1, {}]] }],
  ])('is not read from %s', (_, value) => {
    expect(Learner.restored(value)).toBeUndefined();
  });

  it('is read, or refused, whatever became of it; what is read is numbers', () => {
    const learner = after(...times(30, { queryType: 'factual', ttftMs: 5, outputTokens: 9 }));
    learner.rateAnswer('a', { relevance: 0.3 });
    const text = JSON.stringify(learner.state());
    const rubbish = fc.constantFrom('null', '"x"', '{}', '[]', '-1', '1e300', 'true', '[[]]');
    const places = [...text.matchAll(/(?<=[:,[])(-?\d[\d.]*|"[^"]*"(?!:)|\{\}|\[\])/g)];
    fc.assert(
      fc.property(fc.nat(places.length - 1), rubbish, (at, instead) => {
        const place = places[at] as RegExpMatchArray;
        const start = place.index as number;
        const rest = text.slice(start + place[0].length);
        const again = Learner.restored(JSON.parse(text.slice(0, start) + instead + rest));
        again?.observe(seen());
        const arms = Object.values(again?.learnedFor(job, 'factual', rows, startMs).arms ?? {});
        expect(arms.filter(({ rewardMean }) => !(rewardMean >= 0 && rewardMean <= 1))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
