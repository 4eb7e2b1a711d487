import { best } from '../pickers/best.js';
import { inFlight } from '../scorers/occupancy.js';
import type { Strategy } from '../strategy.js';
import { anyOne } from '../tie-breaks.js';

/** The fewest attempts in flight; of equals any. */
export const lowestConcurrency: Strategy = {
  name: 'lowest_concurrency',
  version: 1,
  scorers: [{ scorer: inFlight, weight: 100 }],
  picker: best,
  tieBreak: anyOne,
};
