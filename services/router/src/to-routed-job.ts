import type { PackedReceipt } from '@switchyard/bus';
import type { ReadJob } from '@switchyard/contracts';
import { type Origin, RoutedJob } from './routed-job.js';
import type { JobDefaults, Stamps } from './stamps.js';

/** Where a job came from, and when. */
export type Arrival = {
  readonly origin: Origin;
  /** undefined: there is no delivery to settle. */
  readonly receipt: PackedReceipt | undefined;
  readonly nowMs: number;
  readonly traceparent: string | undefined;
};

/** The waiting job of a message. */
export function toRoutedJob(
  job: ReadJob,
  { origin, receipt, nowMs, traceparent }: Arrival,
  stamps: Stamps,
  { maxWaitMs }: Pick<JobDefaults, 'maxWaitMs'>,
): RoutedJob {
  const { retry } = job;
  const deadlineAtMs = job.deadlineAtMs || Number.POSITIVE_INFINITY;
  const notBeforeMs = retry?.notBeforeMs ?? 0;
  const waitsSinceMs = retry ? Math.max(nowMs, notBeforeMs) : job.submittedAtMs;
  return new RoutedJob(stamps.of(job), {
    id: job.id,
    seq: retry?.submissionSeq ?? origin.seq,
    origin,
    receipt,
    submittedAtMs: job.submittedAtMs,
    deadlineAtMs,
    notBeforeMs,
    waitUntilMs: Math.min(deadlineAtMs, waitsSinceMs + (job.queueTimeoutMs || maxWaitMs)),
    cellSeq: job.cellSeq ?? 0,
    estimatedInputTokens: job.estimatedInputTokens ?? 0,
    maxOutputTokens: job.maxOutputTokens ?? 0,
    traceparent,
  });
}
