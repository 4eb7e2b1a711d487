import type { Filter } from '../filter.js';
import { isSuspect } from '../scorers/heartbeat.js';

/**
 * Leaves out a backend all of whose executors are suspect. Not applied where nobody else is left.
 */
export const suspect: Filter = {
  reason: 'suspect',
  excludes: (row, { nowMs }) => isSuspect(row, nowMs),
};
