import type { ScoredSet } from './scorer.js';
import type { Strategy } from './strategy.js';

/** What one scorer gave: for each candidate its rating times the weight. */
export type Component = {
  readonly name: string;
  readonly weight: number;
  readonly points: readonly number[];
};

/** All components, and for each candidate their sum. */
export type Rating = {
  readonly components: readonly Component[];
  readonly points: readonly number[];
  readonly warnings: string[];
};

/**
 * Lets each scorer of `strategy` rate the set, in the order of the strategy, and adds the points
 * up.
 */
export function rate(strategy: Strategy, set: ScoredSet): Rating {
  const components: Component[] = [];
  const warnings: string[] = [];
  const total = new Array<number>(set.rows.length).fill(0);
  for (const { scorer, weight, weightForSpeed } of strategy.scorers) {
    const points = scorer.score(set);
    if (!areRatings(points, set.rows.length)) {
      warnings.push(`scorer_dropped:${scorer.name}`);
      continue;
    }
    const worth = set.job.preferences.prioritizeSpeed ? (weightForSpeed ?? weight) : weight;
    for (let at = 0; at < points.length; at += 1) {
      const own = (points[at] as number) * worth;
      points[at] = own;
      total[at] = (total[at] as number) + own;
    }
    components.push({ name: scorer.name, weight: worth, points });
  }
  return { components, points: total, warnings };
}

function areRatings(ratings: readonly number[], count: number): boolean {
  if (ratings.length !== count) return false;
  for (let at = 0; at < count; at += 1) {
    const rating = ratings[at] as number;
    if (!(rating >= 0 && rating <= 1)) return false;
  }
  return true;
}
