import { best } from '../pickers/best.js';
import { bandit as thompson } from '../scorers/bandit.js';
import type { Strategy } from '../strategy.js';
import { generalTieBreak } from '../tie-breaks.js';

/**
 * Learns which backend is done soonest by trying: the one of the highest drawn reward (Thompson
 * sampling over `facts.learned.arms`, by the whole time until the job is done, ADR 0024). Explores
 * less the more it knows, and never where a deadline could be missed for it.
 */
export const bandit: Strategy = {
  name: 'bandit',
  version: 2,
  scorers: [{ scorer: thompson, weight: 100 }],
  picker: best,
  tieBreak: generalTieBreak,
  reads: ['stats', 'work', 'hits', 'output_tokens', 'arms'],
};
