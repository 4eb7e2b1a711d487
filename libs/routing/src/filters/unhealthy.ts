import type { Filter } from '../filter.js';

/** Leaves out a backend that is down; degraded and not yet checked ones stay. */
export const unhealthy: Filter = {
  reason: 'unhealthy',
  excludes: (row) => row.health === 'down',
};
