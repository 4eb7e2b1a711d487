import type { Filter } from '../filter.js';

/** Leaves out a backend before the end of its cooldown; at that instant it is back. */
export const cooldown: Filter = {
  reason: 'cooldown',
  excludes: (row, { nowMs }) => row.cooldownUntilMs > nowMs,
};
