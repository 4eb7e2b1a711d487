import { always, type Filter } from '../filter.js';

/**
 * Leaves out remote backends where the caller allows none; a preferred one is still allowed on
 * attempt 1.
 */
export const cloudNotAllowed: Filter = {
  reason: 'cloud_not_allowed',
  depends: always,
  isAsked: ({ job }) => !job.preferences.allowCloudFallback,
  excludes: (row, { job }) =>
    !job.preferences.allowCloudFallback &&
    row.class === 'remote' &&
    !(job.attemptNo === 1 && row.id === job.preferences.preferredBackend),
};
