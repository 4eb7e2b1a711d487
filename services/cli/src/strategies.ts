import { servedStrategies, type StrategyName, strategies } from '@switchyard/routing';
import { show, tableText, type Terminal } from './terminal.js';

/**
 * What a strategy prefers, in one line. Strategies without one are listed by their weights alone.
 */
const descriptions: Readonly<Record<StrategyName, string>> = {
  adaptive_learning: 'the best learned weight for this kind of question, times health',
  bandit: 'the shortest time drawn from what is known, with the doubt that is left',
  cost_optimized: 'the lowest price for its quality and speed',
  health_aware: 'healthy backends that answer fast and fail seldom',
  intelligent: 'expected time, load, a model at hand and region together',
  least_connections: 'the smallest share of slots in use, degraded backends counted double',
  least_loaded: 'the least load by slots, queue and tokens of this minute',
  lowest_cache_used: 'the emptiest key-value cache',
  lowest_concurrency: 'the fewest jobs running or on their way',
  performance_based: 'fast answers, throughput and availability',
  power_of_two: 'of two drawn at random, the one with less work before it',
  prefix_affinity: 'a cache that holds the prompt, unless its backend is too busy',
  primary_failover: 'the primary while it works, then the others by weight',
  quality_based: 'the best answers, by rating and record',
  random: 'any backend, all alike',
  response_time: 'the shortest and steadiest response times',
  round_robin: 'each backend in turn',
  round_robin_lowest_concurrency: 'in turn among those with the fewest jobs',
  score: 'the most points for priority, cost, speed and queue together',
  shortest_ttft: 'the first token soonest, by cache and work before it',
  weighted: 'at random by weight',
  weighted_capacity: 'the most capacity left',
  weighted_round_robin: 'in turn by weight, smoothly',
};

/** Every strategy of the registry, as data. */
export const strategyRows = () =>
  Object.values(strategies).map(({ name, version, scorers }) => ({
    name,
    version,
    description: descriptions[name as StrategyName] ?? '',
    isServed: servedStrategies.includes(name as StrategyName),
    weights: Object.fromEntries(scorers.map(({ scorer, weight }) => [scorer.name, weight])),
  }));

/** `switchyard strategies`. */
export function showStrategies(terminal: Terminal): void {
  const rows = strategyRows();
  show(terminal, { strategies: rows }, () =>
    tableText(
      ['strategy', 'version', 'used by', 'prefers', 'weights'],
      rows.map(({ name, version, isServed, description, weights }) => [
        name,
        String(version),
        isServed ? 'router, simulator' : 'simulator',
        description,
        Object.entries(weights)
          .map(([scorer, weight]) => `${scorer} ${weight}`)
          .join(', '),
      ]),
    ),
  );
}
