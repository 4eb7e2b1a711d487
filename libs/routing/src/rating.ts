import type { BackendRow } from './backend-row.js';
import type { Component } from './component.js';
import type { ScoredSet } from './scorer.js';
import type { Strategy } from './strategy.js';
import { isPlain, weighRows, weightsFor } from './weights.js';

/** All components, and for each candidate their sum. */
export type Rating = {
  readonly components: readonly Component[];
  readonly points: readonly number[];
  readonly warnings: string[];
  /** The first component's measures. */
  readonly measures: readonly number[] | undefined;
};

/**
 * Lets each scorer of `strategy` rate the set, in the order of the strategy, and adds the points
 * up; the strategy's factor multiplies each sum.
 */
export function rate(strategy: Strategy, set: ScoredSet): Rating {
  const components: Component[] = [];
  const warnings: string[] = [];
  const total = new Array<number>(set.rows.length).fill(0);
  const weights = weightsFor(strategy, set, warnings);
  for (let nth = 0; nth < strategy.scorers.length; nth += 1) {
    const { scorer } = strategy.scorers[nth] as Strategy['scorers'][number];
    const measures = scorer.measure?.(set);
    const points = scorer.score(set, measures);
    if (!areRatings(points, set.rows.length)) {
      warnings.push(`scorer_dropped:${scorer.name}`);
      continue;
    }
    const weight = weights[nth] as number;
    for (let at = 0; at < points.length; at += 1) {
      const own = (points[at] as number) * weight;
      points[at] = own;
      total[at] = (total[at] as number) + own;
    }
    const told = measures === undefined ? {} : { measures, unit: scorer.unit };
    components.push({ name: scorer.name, weight, points, ...told });
  }
  if (!isPlain(set.settings.backendWeights)) weighRows(set, { components, total, warnings });
  multiply(strategy, set, { total, warnings });
  return { components, points: total, warnings, measures: components[0]?.measures };
}

function areRatings(ratings: readonly number[], count: number): boolean {
  if (ratings.length !== count) return false;
  for (let at = 0; at < count; at += 1) {
    const rating = ratings[at] as number;
    if (!(rating >= 0 && rating <= 1)) return false;
  }
  return true;
}

/** A factor that is no number, or below 0, is 1. */
function multiply(
  { factor, name }: Strategy,
  set: ScoredSet,
  { total, warnings }: { total: number[]; warnings: string[] },
): void {
  if (factor === undefined) return;
  for (let at = 0; at < total.length; at += 1) {
    const row = set.rows[at] as BackendRow;
    const by = factor(row, set);
    if (by >= 0 && by < Infinity) total[at] = (total[at] as number) * by;
    else warnings.push(`factor_dropped:${name}:${row.id}`);
  }
}
