import { expectedDurationMs } from '../expected-duration.js';
import type { Filter } from '../filter.js';

/**
 * Leaves out a backend that would not be done by the deadline. Not applied where it would leave
 * nobody.
 */
export const tooLate: Filter = {
  reason: 'too_late',
  excludes: (row, { job, nowMs }) => {
    if (job.deadlineAtMs === undefined) return false;
    const durationMs = expectedDurationMs(row);
    const waitMs = ((row.waiting ?? 0) / Math.max(1, row.slots)) * durationMs;
    return nowMs + waitMs + durationMs > job.deadlineAtMs;
  },
};
