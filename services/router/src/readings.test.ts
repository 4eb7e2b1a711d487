import type { Config } from '@switchyard/config';
import type { ReadJob, WireBackend } from '@switchyard/contracts';
import {
  decide,
  type RouteDecision,
  type RoutingJob,
  seedOf,
  type Strategy,
  strategies,
  unknownStats,
} from '@switchyard/routing';
import { silentLog } from '@switchyard/domain';
import { makeRoutingJob } from '@switchyard/testing/builders';
import { BackendMeasures } from './backend-measures.js';
import { Fleet } from './fleet.js';
import { Learning } from './learning.js';
import { Readings } from './readings.js';

const record = (id: string, changes: WireBackend = {}): WireBackend => ({
  id,
  kind: 'ollama',
  isEnabled: true,
  slots: 8,
  priority: 1,
  weight: 1,
  expectedResponseTimeMs: 1_000,
  hasCatalogue: true,
  models: [{ id: 'm', kinds: ['chat'], isResident: true }],
  ...changes,
});

const asked = (content: string): ReadJob => ({
  id: 'job',
  kind: 'chat',
  account: 'default',
  priority: 5,
  model: 'm',
  dialect: 'openai.chat',
  submittedAtMs: 1,
  body: { model: 'm', messages: [{ role: 'user', content }] },
});

/** Two backends, and one job after the other decided and sent. */
function setUp(prefixCache?: Config['prefixCache']) {
  const learning = new Learning({ bus: {} as never, log: silentLog, now: () => 1 });
  const measures = new BackendMeasures(learning);
  const fleet = new Fleet(0, measures);
  const readings = new Readings({ fleet, measures, learning }, prefixCache);
  const fold = (id: string, changes?: WireBackend) => {
    readings.foldBackend(id, record(id, changes));
    fleet.foldBackend(id, record(id, changes), 1);
  };
  fold('a');
  fold('b');
  let jobs = 0;
  const send = (strategy: Strategy, content: string, changes: Partial<RoutingJob> = {}) => {
    jobs += 1;
    const id = `job-${jobs}`;
    const job: RoutingJob = { ...routing, id, ...changes };
    const reading = readings.ofBody(asked(content), strategy);
    const facts = readings.factsFor(job, reading, strategy, 1_000);
    const { snapshot } = fleet;
    const input = { job, snapshot, strategy, nowMs: 1_000, seed: seedOf(id, 1), facts };
    const decision = decide({ ...input, facts: facts ?? undefined }) as RouteDecision;
    const hints = readings.dispatched(input, reading, decision);
    fleet.foldDispatch(decision.backendId, 'chat', 0, decision.nextTurns);
    return { id, backendId: decision.backendId, facts, hints };
  };
  const hits = (content: string) =>
    send(strategies.prefix_affinity, content).facts?.hitTokens ?? {};
  return { learning, measures, fleet, readings, fold, send, hits };
}

const routing = makeRoutingJob({ estimatedInputTokens: 2_500, maxOutputTokens: 100 });
const long = 'alpha '.repeat(2_000);
const failed = { backendId: 'a', jobId: 'j', model: 'm', durationMs: 5, atMs: 900 };

describe('what a strategy does not read', () => {
  it('is neither worked out nor put into the rows that are recorded', () => {
    const { learning, fleet, readings, send } = setUp();
    learning.observe(failed);
    fleet.foldObservation(failed, 900);
    fleet.advance(2_000);
    const { facts, hints } = send(strategies.score, long);
    expect([facts, hints]).toEqual([undefined, {}]);
    expect(readings.ofBody(asked(long), strategies.score)).toBeUndefined();
    expect(fleet.snapshot.backends.map(({ stats }) => stats)).toEqual([unknownStats, unknownStats]);
    expect(fleet.measured(1_000).backends[0]?.stats.ewmaMs).toBe(5);

    send(strategies.response_time, long);
    expect(fleet.snapshot.backends[0]?.stats.ewmaMs).toBe(5);
  });

  it('but for late heartbeats, which are read for all', () => {
    const { fleet } = setUp();
    const lateOf = () => fleet.snapshot.backends[0]?.stats.lastHeartbeatAtMs;
    fleet.foldHeartbeat({ instanceId: 'e', state: 'active', backends: ['a'] }, 1_000);
    const seen = [11_000, 14_000].map((nowMs) => {
      fleet.advance(nowMs);
      return lateOf();
    });
    fleet.foldHeartbeat({ instanceId: 'e', state: 'active', backends: ['a'] }, 15_000);
    fleet.advance(15_000);
    expect([...seen, lateOf()]).toEqual([null, 1_000, null]);
  });
});

describe('prefixes', () => {
  it('are found where they were served, and told with the dispatch', () => {
    const { send, hits } = setUp();
    const first = send(strategies.prefix_affinity, long);
    const again = send(strategies.prefix_affinity, long);
    expect(again.backendId).toBe(first.backendId);
    expect(again.hints.hitTokens).toBe(3_000);
    expect(hits('omega '.repeat(2_000))).toEqual({});
  });

  it.each<[string, (yard: ReturnType<typeof setUp>) => void]>([
    ['unloads the model', ({ fold }) => fold('a', { models: [{ id: 'm', kinds: ['chat'] }] })],
    ['is removed', ({ readings }) => readings.foldBackend('a', undefined)],
    ['is down', ({ readings }) => readings.forgetPrefixes('a')],
    [
      'cannot be reached',
      ({ readings }) =>
        readings.foldObservation({ ...failed, failureCode: 'upstream_unreachable' }),
    ],
  ])('are gone where the backend %s', (_what, lose) => {
    const yard = setUp();
    const [first] = [yard.send(strategies.prefix_affinity, long)];
    expect(first?.backendId).toBe('a');
    expect(yard.hits(long)).toEqual({ a: 3_000 });
    lose(yard);
    expect(yard.hits(long)).toEqual({});
  });

  it('stay where an attempt failed at a backend that answers', () => {
    const yard = setUp();
    yard.send(strategies.prefix_affinity, long);
    yard.readings.foldObservation({ ...failed, failureCode: 'upstream_error' });
    expect(yard.hits(long)).toEqual({ a: 3_000 });
  });
});

describe('the prefix cache as configured', () => {
  const settings = { mode: 'dynamic', blockTokens: 500, cacheTokens: 500_000 } as const;
  const hitsAfter = (times: number, changes: Partial<Config['prefixCache']>, own?: WireBackend) => {
    const yard = setUp({ ...settings, ...changes });
    if (own) yard.fold('a', own);
    for (let time = 0; time < times; time += 1) yard.send(strategies.prefix_affinity, long);
    const reading = yard.readings.ofBody(asked(long), strategies.prefix_affinity);
    const job: RoutingJob = { ...routing, id: 'last' };
    const strategy = strategies.prefix_affinity;
    return yard.readings.factsFor(job, reading, strategy, 1_000)?.hitTokens['a'];
  };

  it.each<[string, number, Partial<Config['prefixCache']>, WireBackend | undefined, unknown]>([
    ['holds every prompt', 1, {}, undefined, 3_000],
    ['holds what came three times, not before', 2, { mode: 'static' }, undefined, undefined],
    ['holds what came three times', 3, { mode: 'static' }, undefined, 3_000],
    ['holds nothing', 3, { mode: 'none' }, undefined, undefined],
    ['has blocks of another size', 1, { blockTokens: 16 }, undefined, 2_992],
    ['is small', 1, { cacheTokens: 1_000 }, undefined, 1_000],
    ['is larger at one backend', 1, { cacheTokens: 1_000 }, { prefixCacheTokens: 2_000 }, 2_000],
  ])('%s: %i times', (_what, times, changes, own, expected) => {
    expect(hitsAfter(times, changes, own)).toBe(expected);
  });
});

describe('the use of the KV cache', () => {
  it('is read by lowest_cache_used as it was last told, and unknown again after a silence', () => {
    const { measures, fleet, send } = setUp();
    measures.foldKvUsed('a', 0.8);
    measures.foldKvUsed('b', 0.2);
    expect(send(strategies.lowest_cache_used, 'hi').backendId).toBe('b');
    measures.foldKvUsed('b', 0.9);
    expect(send(strategies.lowest_cache_used, 'hi').backendId).toBe('a');
    measures.foldKvUsed('a', undefined);
    expect(send(strategies.lowest_cache_used, 'hi').backendId).toBe('b');
    expect(fleet.snapshot.backends.map(({ stats }) => stats.kvUsedRatio)).toEqual([null, 0.9]);
  });
});

describe('work in flight', () => {
  const workOf = ({ measures }: ReturnType<typeof setUp>, id: string) => measures.work.of(id);

  it('is counted once a strategy reads it, and no longer when the job has ended', () => {
    const yard = setUp();
    yard.send(strategies.score, 'hi');
    expect(yard.measures.work.size).toBe(0);
    const one = yard.send(strategies.power_of_two, 'hi', { isStreamed: true });
    expect(one.hints.tellsFirstToken).toBe(true);
    const whole = { outstandingTokens: 2_600, queuedPrefillMs: 2_500 };
    expect(workOf(yard, one.backendId)).toEqual(whole);
    // The next one goes to the other, which has less to do.
    expect(yard.send(strategies.power_of_two, 'hi').backendId).not.toBe(one.backendId);
    yard.readings.firstToken(one.backendId, one.id, 1_100);
    expect(workOf(yard, one.backendId)).toEqual({ ...whole, queuedPrefillMs: 0 });
    yard.readings.ended(one.id, 1_200);
    yard.readings.ended(one.id, 1_200);
    expect(workOf(yard, one.backendId)).toEqual({ outstandingTokens: 0, queuedPrefillMs: 0 });
  });
});

describe('what a record says of a backend', () => {
  it('makes those of the best priority primary, and knows which models are loaded', () => {
    const { fold, fleet } = setUp();
    fold('a', { priority: 2, modelAliases: { big: 'm' } });
    const [a, b] = fleet.measured(1_000).backends.map(({ stats }) => stats);
    expect([a?.isPrimary, b?.isPrimary]).toEqual([false, true]);
    expect(a?.models['big']?.residency).toBe('resident');
    fold('b', { isEnabled: false, models: [{ id: 'm', kinds: ['chat'] }] });
    const [after, off] = fleet.measured(1_000).backends.map(({ stats }) => stats);
    expect([after?.isPrimary, off?.isPrimary]).toEqual([true, false]);
    expect(off?.models['m']?.residency).toBe('disk');
  });

  it('counts the time in which it could be used', () => {
    const { fleet } = setUp();
    fleet.foldHealth('a', { status: 'healthy' }, 1);
    fleet.foldHealth('a', { status: 'down' }, 1);
    const [a, b] = fleet.measured(900_001).backends.map(({ stats }) => stats.availabilityRatio);
    expect(a).toBeCloseTo(Math.exp(-1), 6);
    expect(b).toBe(1);
  });
});
