import type { Filter } from '../filter.js';

/** Leaves out a backend that an earlier attempt of the job was sent to. */
export const alreadyTried: Filter = {
  reason: 'already_tried',
  excludes: (row, { job }) =>
    job.excludedBackendIds.length > 0 && job.excludedBackendIds.includes(row.id),
};
