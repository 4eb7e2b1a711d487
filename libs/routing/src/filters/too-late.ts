import type { BackendRow } from '../backend-row.js';
import type { SetRule } from './set-rule.js';

/**
 * Leaves out a backend that would not be done by the deadline. Not applied where it would leave
 * nobody.
 */
export const tooLate: SetRule = {
  reason: 'too_late',
  excludes: (at, { waitsMs, durationsMs }, { job, nowMs }) =>
    job.deadlineAtMs !== undefined &&
    nowMs + (waitsMs[at] as number) + (durationsMs[at] as number) > job.deadlineAtMs,
};

/** How long those who wait at the backend take before another begins. */
export const waitMsOf = (row: BackendRow, durationMs: number): number =>
  ((row.waiting ?? 0) / Math.max(1, row.slots)) * durationMs;
