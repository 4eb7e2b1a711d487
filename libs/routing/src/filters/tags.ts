import type { Filter } from '../filter.js';

/** Leaves out a backend that lacks one of the job's tags. */
export const tags: Filter = {
  reason: 'tags',
  excludes: (row, { job }) =>
    job.tags.length > 0 && !job.tags.every((tag) => row.tags.includes(tag)),
};
