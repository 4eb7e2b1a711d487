import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as health from '@switchyard/health';
import { afterFailure, WaitingRoom } from '@switchyard/jobs';
import { strategies, type StrategyName } from '@switchyard/routing';
import {
  compressed,
  fleetOf,
  promptsOf,
  readTrace,
  type RunSummary,
  sharedCacheHitRatio,
  type SimulatedJob,
  simulate,
  summarise,
} from '@switchyard/routing/simulator';

const file = join(process.cwd(), 'tests/routing/traces/mooncake-conversation-1500.jsonl.gz');
const parts = { ...health, afterFailure, makeRoom: () => new WaitingRoom<SimulatedJob>() };
/** So much faster eight backends in turn are 80 % busy. */
const times = 1.08;

/** The small form of bench/routing/prefix.mjs, which plays the whole hour. */
describe('prefix_affinity on eight minutes of production', () => {
  const read = readTrace('excerpt', gunzipSync(readFileSync(file)).toString());
  if (read.kind !== 'trace') throw new Error('the excerpt cannot be read');
  const trace = compressed(read.trace, times);
  const prompts = promptsOf(trace);
  const fleet = fleetOf(8, () => ({ cacheBlocks: 12_000 }));
  const play = (name: StrategyName): RunSummary =>
    summarise(simulate({ trace, fleet, strategy: strategies[name], parts, prompts }));
  let [inTurn, leastLoaded, affinity] = [] as unknown as [RunSummary, RunSummary, RunSummary];

  beforeAll(() => {
    inTurn = play('round_robin');
    leastLoaded = play('least_loaded');
    affinity = play('prefix_affinity');
  });

  it('is played at the load that it is for', () => {
    expect(inTurn.busyRatio).toBeGreaterThan(0.75);
    expect(inTurn.busyRatio).toBeLessThan(0.85);
    expect([inTurn.succeeded, affinity.succeeded]).toEqual([1500, 1500]);
  });

  it('has a p95 of the first token of at most half of round_robin', () => {
    expect(affinity.ttft.p95Ms / inTurn.ttft.p95Ms).toBeLessThanOrEqual(0.5);
  });

  it('finds at least 0.9 of what one endless cache would', () => {
    const hits = affinity.hitRatio / sharedCacheHitRatio({ trace });
    expect(hits).toBeGreaterThanOrEqual(0.9);
  });

  it('leaves work spread at most 1.25 times as unevenly as least_loaded, in tokens', () => {
    expect(affinity.imbalance / leastLoaded.imbalance).toBeLessThanOrEqual(1.25);
  });
});
