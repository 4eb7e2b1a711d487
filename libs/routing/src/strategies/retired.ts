import { headroom, modelFit, nearness, relativeSpeed } from '../scorers/fit.js';
import type { Strategy } from '../strategy.js';
import { bandit } from './bandit.js';
import { costOptimized } from './cost-optimized.js';
import { intelligent } from './intelligent.js';

/**
 * Versions that decide no more: decisions recorded by one are replayed by it.
 *
 * What the first `bandit` recorded has no times in its arms, and what the second `cost_optimized`
 * did has no openings: on those the later ones decide as they did.
 */
export const retired: readonly Strategy[] = [
  { ...bandit, version: 1 },
  { ...costOptimized, version: 2, savesWhenLate: false },
  { ...costOptimized, version: 3, savesWhenLate: false },
  {
    ...intelligent,
    version: 1,
    scorers: [
      { scorer: relativeSpeed, weight: 40 },
      { scorer: headroom, weight: 25 },
      { scorer: modelFit, weight: 25 },
      { scorer: nearness, weight: 10 },
    ],
  },
];
