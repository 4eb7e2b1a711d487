import { expectedTtftMs } from '../expected-times.js';
import { numberOf } from '../job-facts.js';
import { fewer, type ScoredSet, type Scorer } from '../scorer.js';

/** Rates by the expected time to the first token. */
export const ttft = fewer({ name: 'ttft', unit: 'ms', halfAt: 1000, measure: expectedTtftMs });

/** Rates by the share of the prompt that is in the backend's prefix cache. */
export const prefixHit: Scorer = {
  name: 'prefix_hit',
  unit: 'tokens',
  measure: hitsOf,
  score: (set, hits = hitsOf(set)) =>
    hits.map((hit) => Math.min(1, hit / Math.max(1, set.job.estimatedInputTokens))),
};

function hitsOf({ rows, facts }: ScoredSet): number[] {
  return rows.map(({ id }) => Math.max(0, numberOf(facts.hitTokens, id, 0)));
}
