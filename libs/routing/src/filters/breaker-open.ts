import type { Filter } from '../filter.js';

/** Leaves out a backend behind an open breaker; a half-open one stays, its trials are its slots. */
export const breakerOpen: Filter = {
  reason: 'breaker_open',
  excludes: (row) => row.breaker === 'open',
};
