import { cyclicAmongBest } from '../pickers/cyclic-among-best.js';
import { inFlight } from '../scorers/occupancy.js';
import type { Strategy } from '../strategy.js';

/** The fewest attempts in flight; of equals each in turn. */
export const roundRobinLowestConcurrency: Strategy = {
  name: 'round_robin_lowest_concurrency',
  version: 1,
  scorers: [{ scorer: inFlight, weight: 100 }],
  picker: cyclicAmongBest,
  tieBreak: [],
};
