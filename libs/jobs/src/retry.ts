import { type FailureCode, failures, type JobKind } from '@switchyard/domain';

/** How often and when a job is tried again. */
export type RetryPolicy = {
  /** Attempts in total, the first one included; 1 or more. */
  readonly attemptsMax: number;
  /** Wait before attempt 2, 3, ...; the last value serves all later ones. */
  readonly delaysMs: readonly number[];
};

/** An attempt that failed, as the decision about what follows needs it. */
export type FailedAttempt = {
  readonly attemptNo: number;
  readonly kind: JobKind | string;
  readonly code: FailureCode;
  /** True once a chunk may have reached the client. */
  readonly isStreamed: boolean;
  /** What the caller allows after a broken stream. */
  readonly resume: string | undefined;
  /** Unix ms; undefined or 0 means none. */
  readonly deadlineAtMs: number | undefined;
};

/** What follows a failed attempt: another one, or the end with a code. */
export type RetryOutcome =
  | {
      readonly kind: 'retry';
      readonly attemptNo: number;
      readonly notBeforeMs: number;
      readonly isTransient: boolean;
    }
  | { readonly kind: 'giveUp'; readonly code: FailureCode };

/** Kinds whose work may be repeated without asking the backend whether it stopped. */
const repeatableKinds: ReadonlySet<string> = new Set(['chat', 'completion', 'embedding', 'query']);
/** Failures after which the same backend may serve as a last choice. */
const transientCodes: ReadonlySet<FailureCode> = new Set([
  'upstream_unreachable',
  'upstream_timeout',
  'upstream_error',
  'upstream_protocol',
  'executor_lost',
  'rate_limited',
  'draining',
]);

/**
 * What follows a failed attempt.
 * - Nothing is retried once a chunk has left, unless the job said `resume: restart`.
 * - A timeout is retried only where the kind may be repeated.
 * - A retry that could not start before the deadline is not made: `deadline_exceeded`.
 */
export function afterFailure(
  attempt: FailedAttempt,
  policy: RetryPolicy,
  nowMs: number,
): RetryOutcome {
  const { attemptNo, code } = attempt;
  if (attempt.isStreamed && attempt.resume !== 'restart')
    return { kind: 'giveUp', code: 'stream_interrupted' };
  if (!failures[code].retryable && code !== 'stream_interrupted') return { kind: 'giveUp', code };
  if (code === 'upstream_timeout' && !repeatableKinds.has(attempt.kind))
    return { kind: 'giveUp', code };
  if (attemptNo >= policy.attemptsMax) return { kind: 'giveUp', code };
  const delayMs = policy.delaysMs[Math.min(attemptNo, policy.delaysMs.length) - 1] ?? 0;
  const notBeforeMs = nowMs + delayMs;
  if (attempt.deadlineAtMs && notBeforeMs > attempt.deadlineAtMs)
    return { kind: 'giveUp', code: 'deadline_exceeded' };
  return {
    kind: 'retry',
    attemptNo: attemptNo + 1,
    notBeforeMs,
    isTransient: transientCodes.has(code),
  };
}
