import { longestHit } from '../pickers/longest-hit.js';
import { outstanding } from '../scorers/occupancy.js';
import { prefixHit } from '../scorers/ttft.js';
import type { Strategy } from '../strategy.js';

/** The longest prefix hit that is not overworked; without a hit as `power_of_two`. */
export const prefixAffinity: Strategy = {
  name: 'prefix_affinity',
  version: 1,
  scorers: [
    { scorer: outstanding, weight: 100 },
    { scorer: prefixHit, weight: 0 },
  ],
  picker: longestHit,
  tieBreak: [],
};
