import type { Filter } from '../filter.js';

/** Leaves out a backend none of whose executors is alive. */
export const dead: Filter = {
  reason: 'dead',
  excludes: (row) => !row.isAlive,
};
