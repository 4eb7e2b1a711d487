import { always, type Filter } from '../filter.js';

/**
 * Leaves out a backend outside the only region the job may run in; one of no known region is
 * outside.
 */
export const region: Filter = {
  reason: 'region',
  depends: always,
  isAsked: ({ job }) => job.region !== undefined,
  excludes: (row, { job }) => job.region !== undefined && row.region !== job.region,
};
