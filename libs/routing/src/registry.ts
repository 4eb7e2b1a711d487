import { adaptiveLearning } from './strategies/adaptive-learning.js';
import { bandit } from './strategies/bandit.js';
import { costOptimized } from './strategies/cost-optimized.js';
import { healthAware } from './strategies/health-aware.js';
import { intelligent } from './strategies/intelligent.js';
import { leastConnections } from './strategies/least-connections.js';
import { leastLoaded } from './strategies/least-loaded.js';
import { lowestCacheUsed } from './strategies/lowest-cache-used.js';
import { lowestConcurrency } from './strategies/lowest-concurrency.js';
import { performanceBased } from './strategies/performance-based.js';
import { powerOfTwo } from './strategies/power-of-two.js';
import { prefixAffinity } from './strategies/prefix-affinity.js';
import { primaryFailover } from './strategies/primary-failover.js';
import { qualityBased } from './strategies/quality-based.js';
import { random } from './strategies/random.js';
import { responseTimeFirst } from './strategies/response-time.js';
import { roundRobinLowestConcurrency } from './strategies/round-robin-lowest-concurrency.js';
import { roundRobin } from './strategies/round-robin.js';
import { score } from './strategies/score.js';
import { shortestTtft } from './strategies/shortest-ttft.js';
import { weightedCapacity } from './strategies/weighted-capacity.js';
import { weightedRoundRobin } from './strategies/weighted-round-robin.js';
import { weighted } from './strategies/weighted.js';
import type { Strategy } from './strategy.js';
import { aliases, type Dialect, nearestOf, plainName } from './strategy-names.js';

/** Every strategy by its name. The README of this library says how to add one. */
export const strategies = Object.freeze({
  adaptive_learning: adaptiveLearning,
  bandit,
  cost_optimized: costOptimized,
  health_aware: healthAware,
  intelligent,
  least_connections: leastConnections,
  least_loaded: leastLoaded,
  lowest_cache_used: lowestCacheUsed,
  lowest_concurrency: lowestConcurrency,
  performance_based: performanceBased,
  power_of_two: powerOfTwo,
  prefix_affinity: prefixAffinity,
  primary_failover: primaryFailover,
  quality_based: qualityBased,
  random,
  response_time: responseTimeFirst,
  round_robin: roundRobin,
  round_robin_lowest_concurrency: roundRobinLowestConcurrency,
  score,
  shortest_ttft: shortestTtft,
  weighted,
  weighted_capacity: weightedCapacity,
  weighted_round_robin: weightedRoundRobin,
}) satisfies Readonly<Record<string, Strategy>>;

/** The name of a strategy that exists. */
export type StrategyName = keyof typeof strategies;

/** Strategies that a running router may be told to use: it measures all that they read. */
export const servedStrategies: readonly StrategyName[] = Object.freeze(
  Object.keys(strategies) as StrategyName[],
);

/** What to say of a name that no strategy has. */
export type UnknownStrategy = {
  readonly unknown: string;
  readonly known: readonly string[];
  /** The known name that is nearest in spelling; not given where none is near. */
  readonly nearest?: string;
};

/**
 * The strategy of `name`, or the names that exist.
 *
 * - Letters may be small or large, and `-` stands for `_`.
 * - `dialect` is whose words they are: `weighted` means another strategy to each.
 */
export function findStrategy(name: string, dialect?: Dialect): Strategy | UnknownStrategy {
  if (dialect === undefined && Object.hasOwn(strategies, name)) {
    return strategies[name as StrategyName];
  }
  const plain = plainName(name);
  const meant = aliases(dialect).get(plain) ?? plain;
  if (Object.hasOwn(strategies, meant)) return strategies[meant as StrategyName];
  const known = Object.keys(strategies);
  const nearest = nearestOf(plain, known);
  return { unknown: name, known, ...(nearest === undefined ? {} : { nearest }) };
}

/** The same of the strategies that a running router may be told to use. */
export function findServedStrategy(name: string, dialect?: Dialect): Strategy | UnknownStrategy {
  const found = findStrategy(name, dialect);
  if (!('unknown' in found)) return found;
  const nearest = nearestOf(plainName(name), servedStrategies);
  const told = { unknown: name, known: servedStrategies };
  return nearest === undefined ? told : { ...told, nearest };
}
