import { always, type Filter } from '../filter.js';

/** Leaves out a backend that an earlier attempt of the job was sent to. */
export const alreadyTried: Filter = {
  reason: 'already_tried',
  depends: always,
  isAsked: ({ job }) => job.excludedBackendIds.length > 0,
  excludes: (row, { job }) => job.excludedBackendIds.includes(row.id),
};
