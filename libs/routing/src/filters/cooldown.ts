import type { Filter } from '../filter.js';

/**
 * Leaves out a backend before the end of its cooldown; at that instant it is back. Without one it
 * is never left out, whatever the clock.
 */
export const cooldown: Filter = {
  reason: 'cooldown',
  depends: (row) => row.cooldownUntilMs > 0,
  excludes: (row, { nowMs }) => row.cooldownUntilMs > Math.max(0, nowMs),
};
