import { always, type Filter } from '../filter.js';

/** Leaves out a backend that lacks one of the job's tags. */
export const tags: Filter = {
  reason: 'tags',
  depends: always,
  isAsked: ({ job }) => job.tags.length > 0,
  excludes: (row, { job }) => !job.tags.every((tag) => row.tags.includes(tag)),
};
