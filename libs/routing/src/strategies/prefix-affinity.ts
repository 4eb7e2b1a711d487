import { best } from '../pickers/best.js';
import { prefixHit, ttft } from '../scorers/ttft.js';
import type { Strategy } from '../strategy.js';
import { leastRecent } from '../tie-breaks.js';

/**
 * A short time to the first token, and a long prefix hit even where that makes it longer: what is
 * found in a cache is work that nobody has to do.
 *
 * The weights are those of 220 settings played over a production trace that were near the shortest
 * time and the most hits at three loads (ADR 0011).
 */
export const prefixAffinity: Strategy = {
  name: 'prefix_affinity',
  version: 2,
  scorers: [
    { scorer: ttft, weight: 78 },
    { scorer: prefixHit, weight: 22 },
  ],
  picker: best,
  tieBreak: leastRecent,
};
