import { best } from '../pickers/best.js';
import { cost } from '../scorers/cost.js';
import { priority } from '../scorers/priority.js';
import { queue } from '../scorers/queue.js';
import { speed } from '../scorers/speed.js';
import type { Strategy } from '../strategy.js';
import { generalTieBreak } from '../tie-breaks.js';

/** The most points for priority, cost, speed and queue together. */
export const score: Strategy = {
  name: 'score',
  version: 1,
  scorers: [
    { scorer: priority, weight: 40 },
    { scorer: cost, weight: 30, weightForSpeed: 10 },
    { scorer: speed, weight: 20, weightForSpeed: 40 },
    { scorer: queue, weight: 10 },
  ],
  picker: best,
  tieBreak: generalTieBreak,
};
