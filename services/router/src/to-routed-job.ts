import type { PackedReceipt } from '@switchyard/bus';
import type { ReadJob } from '@switchyard/contracts';
import type { Strategy } from '@switchyard/routing';
import type { BodyReading } from './readings.js';
import { type Origin, RoutedJob } from './routed-job.js';
import type { JobDefaults, Stamps } from './stamps.js';

/** Reads of a body what a strategy asks for. */
export type ReadBody = (job: ReadJob, strategy: Strategy) => BodyReading | undefined;

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
  { maxWaitMs, retryDelayMsMax }: Pick<JobDefaults, 'maxWaitMs' | 'retryDelayMsMax'>,
  read: ReadBody,
): RoutedJob {
  const { retry } = job;
  const deadlineAtMs = job.deadlineAtMs || Number.POSITIVE_INFINITY;
  const notBeforeMs = notBefore(job, nowMs + (retryDelayMsMax ?? Number.POSITIVE_INFINITY));
  // A parked job goes on waiting; every other retry begins to.
  const isNewWait = retry && !retry.parked;
  const waitsSinceMs = isNewWait ? Math.max(nowMs, notBeforeMs) : waitingSince(job, nowMs);
  const stamp = stamps.of(job);
  return new RoutedJob(stamp, {
    id: job.id,
    seq: retry?.submissionSeq ?? origin.seq,
    origin,
    receipt,
    submittedAtMs: job.submittedAtMs,
    deadlineAtMs,
    notBeforeMs,
    waitUntilMs: Math.min(deadlineAtMs, waitsSinceMs + (job.queueTimeoutMs || maxWaitMs)),
    estimatedInputTokens: job.estimatedInputTokens ?? 0,
    maxOutputTokens: job.maxOutputTokens ?? 0,
    traceparent,
    reading: read(job, stamp.strategy),
  });
}

/**
 * When a retry may begin, by this machine's clock: an executor whose clock is ten minutes ahead
 * must not make it wait for ten minutes. A parked job waits as long as a backend asked for.
 */
function notBefore({ retry }: ReadJob, latestMs: number): number {
  const { notBeforeMs = 0, parked } = retry ?? {};
  return parked ? notBeforeMs : Math.min(notBeforeMs, latestMs);
}

/** A submission that somebody waits for is not older than this: its door would have ended it. */
const waiterAgeMsMax = 60_000;

/**
 * Since when a job waits, by this machine's clock: that of its door may be minutes ahead or behind,
 * and must not end it at once, or never.
 */
function waitingSince({ submittedAtMs, hasWaiter }: ReadJob, nowMs: number): number {
  if (!hasWaiter) return submittedAtMs;
  return Math.min(nowMs, Math.max(submittedAtMs, nowMs - waiterAgeMsMax));
}
