import type { BackendRow } from '../backend-row.js';
import { best } from '../pickers/best.js';
import { headroom, modelFit, nearness, soonestDone } from '../scorers/fit.js';
import type { Strategy } from '../strategy.js';
import { generalTieBreak } from '../tie-breaks.js';

/** How much the operator's liking multiplies a backend's points. */
const liking = { high: 1.1, medium: 1, low: 0.9 } as const;

/**
 * The best of the time until the job is done, faults included, what is free, how ready the model
 * is, and the region. The work that stands before a job is in its time, so that what is free
 * counts for little (ADR 0024).
 */
export const intelligent: Strategy = {
  name: 'intelligent',
  version: 2,
  scorers: [
    { scorer: soonestDone, weight: 75 },
    { scorer: headroom, weight: 5 },
    { scorer: modelFit, weight: 15 },
    { scorer: nearness, weight: 5 },
  ],
  factor: ({ stats }: BackendRow) => liking[stats.priorityLevel],
  picker: best,
  tieBreak: generalTieBreak,
  reads: ['stats', 'work', 'hits', 'output_tokens', 'arms'],
};
