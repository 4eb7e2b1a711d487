import { isOverdue } from '../scorers/heartbeat.js';
import type { SetRule } from './set-rule.js';

/**
 * Leaves out a backend all of whose executors are suspect. Not applied where nobody else is left.
 */
export const suspect: SetRule = {
  reason: 'suspect',
  excludes: (at, { heardAtMs }, { nowMs }) => isOverdue(heardAtMs[at] as number, nowMs),
};
