import type { BackendRow } from './backend-row.js';
import type { Component } from './component.js';
import type { ScoredSet } from './scorer.js';
import type { ScorerWeights } from './settings.js';
import type { Strategy } from './strategy.js';

/** The sum of a strategy's weights, whoever set them. */
const sumOfWeights = 100;

/** True where a table of settings holds nothing. */
export const isPlain = (table: object): boolean => Object.keys(table).length === 0;

/**
 * The weight of each scorer of `strategy`: the operator's, brought to a sum of 100, else the
 * strategy's own. Weights below 0, that are no numbers, or all 0 count as not set, with a warning.
 */
export function weightsFor(strategy: Strategy, set: ScoredSet, warnings: string[]): number[] {
  const isFast = set.job.preferences.prioritizeSpeed;
  const own = strategy.scorers.map(({ weight, weightForSpeed }) =>
    isFast ? (weightForSpeed ?? weight) : weight,
  );
  const all = set.settings.weights;
  const wanted = Object.hasOwn(all, strategy.name) ? all[strategy.name] : undefined;
  if (wanted === undefined) return own;
  const names = strategy.scorers.map(({ scorer }) => scorer.name);
  const weights = normalise(names, own, wanted);
  if (weights === undefined) warnings.push(`weights_ignored:${strategy.name}`);
  return weights ?? own;
}

/**
 * Weighs the points of the backends again that have weights of their own. A scorer that weighs
 * nothing for the others weighs nothing for them.
 */
export function weighRows(
  set: ScoredSet,
  rated: { components: readonly Component[]; total: number[]; warnings: string[] },
): void {
  const { components, total, warnings } = rated;
  const names = components.map(({ name }) => name);
  const common = components.map(({ weight }) => weight);
  for (let at = 0; at < set.rows.length; at += 1) {
    const { id } = set.rows[at] as BackendRow;
    const all = set.settings.backendWeights;
    const own = Object.hasOwn(all, id) ? all[id] : undefined;
    if (own === undefined) continue;
    const weights = normalise(names, common, own);
    if (weights === undefined) {
      warnings.push(`weights_ignored:${id}`);
      continue;
    }
    total[at] = 0;
    components.forEach(({ points, weight }, nth) => {
      const mine = points as number[];
      const rating = weight === 0 ? 0 : (mine[at] as number) / weight;
      mine[at] = rating * (weights[nth] as number);
      total[at] = (total[at] as number) + (mine[at] as number);
    });
  }
}

/** A scorer that is not named keeps its own weight before all are brought to 100. */
function normalise(
  names: readonly string[],
  own: readonly number[],
  wanted: ScorerWeights,
): number[] | undefined {
  const weights = names.map((name, nth) =>
    Object.hasOwn(wanted, name) ? (wanted[name] as number) : (own[nth] as number),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const areWeights = weights.every((weight) => weight >= 0) && sum > 0 && sum < Infinity;
  return areWeights ? weights.map((weight) => (weight / sum) * sumOfWeights) : undefined;
}
