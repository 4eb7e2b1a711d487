import { findStrategy, strategies } from './registry.js';

describe('the registry', () => {
  it.each(['score', 'round_robin', 'least_connections'] as const)('has %s', (name) => {
    expect(findStrategy(name)).toBe(strategies[name]);
  });

  it.each(['', 'Score', 'toString', '__proto__', 'random'])('says that %j is unknown', (name) => {
    const known = ['least_connections', 'round_robin', 'score'];
    expect(findStrategy(name)).toEqual({ unknown: name, known });
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
