import { findStrategy, type StrategyName, strategies } from './registry.js';
import type { Dialect } from './strategy-names.js';

describe('the registry', () => {
  it('has every strategy of the guide', () => {
    expect(Object.keys(strategies)).toEqual(Object.keys(strategies).toSorted());
    expect(Object.keys(strategies).length).toBeGreaterThanOrEqual(22);
  });

  it.each<[string, Dialect | undefined, StrategyName]>([
    ['score', undefined, 'score'],
    ['ROUND_ROBIN', undefined, 'round_robin'],
    ['Round-Robin', undefined, 'round_robin'],
    ['ROUND_ROBIN_LOWEST_CONCURRENCY', 'workers', 'round_robin_lowest_concurrency'],
    ['SHORTEST_TTFT', 'workers', 'shortest_ttft'],
    ['WEIGHTED_CACHE', 'workers', 'lowest_cache_used'],
    ['weighted', undefined, 'weighted'],
    ['weighted', 'nodes', 'weighted_capacity'],
    ['weighted', 'instances', 'weighted_round_robin'],
    ['weighted', 'workers', 'weighted'],
    ['least_loaded', 'nodes', 'least_loaded'],
    ['intelligent', 'instances', 'intelligent'],
    ['adaptive_learning', undefined, 'adaptive_learning'],
  ])('finds %s in the words of %s: %s', (name, dialect, expected) => {
    expect(findStrategy(name, dialect)).toBe(strategies[expected]);
  });

  it.each([
    ['', undefined],
    ['toString', undefined],
    ['__proto__', undefined],
    ['quick', undefined],
    ['rond_robin', 'round_robin'],
    ['shortest_tft', 'shortest_ttft'],
    ['scor', 'score'],
    ['x'.repeat(1_000_000), undefined],
  ])('says that %.20j is unknown, and names the nearest: %s', (name, nearest) => {
    const known = Object.keys(strategies);
    expect(findStrategy(name)).toEqual({ unknown: name, known, nearest });
  });

  it.each(Object.entries(strategies))(
    '%s: name, weights and versions are in order',
    (name, strategy) => {
      const weights = [
        strategy.scorers.map(({ weight }) => weight),
        strategy.scorers.map(({ weight, weightForSpeed }) => weightForSpeed ?? weight),
      ];
      const sums = weights.map((all) => all.reduce((sum, each) => sum + each, 0));
      expect(strategy.name).toBe(name);
      expect(strategy.version).toBeGreaterThanOrEqual(1);
      expect(sums).toEqual(strategy.scorers.length === 0 ? [0, 0] : [100, 100]);
    },
  );
});
