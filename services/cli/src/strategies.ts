import { strategies } from '@switchyard/routing';
import { show, tableText, type Terminal } from './terminal.js';

/**
 * What a strategy prefers, in one line. Strategies without one are listed by their weights alone.
 */
const descriptions: Readonly<Record<string, string>> = {
  score: 'the most points for priority, cost, speed and queue together',
  round_robin: 'each backend in turn',
  least_connections: 'the smallest share of slots in use, degraded backends counted double',
};

/** Every strategy of the registry, as data. */
export const strategyRows = () =>
  Object.values(strategies).map(({ name, version, scorers }) => ({
    name,
    version,
    description: descriptions[name] ?? '',
    weights: Object.fromEntries(scorers.map(({ scorer, weight }) => [scorer.name, weight])),
  }));

/** `switchyard strategies`. */
export function showStrategies(terminal: Terminal): void {
  const rows = strategyRows();
  show(terminal, { strategies: rows }, () =>
    tableText(
      ['strategy', 'version', 'prefers', 'weights'],
      rows.map(({ name, version, description, weights }) => [
        name,
        String(version),
        description,
        Object.entries(weights)
          .map(([scorer, weight]) => `${scorer} ${weight}`)
          .join(', '),
      ]),
    ),
  );
}
