/** A job that its backend refused for its rate (429) before it did anything. */
export type Throttled = {
  /** What the backend says, from now; undefined where it says nothing. */
  readonly retryAfterMs: number | undefined;
  /** Unix ms; undefined or 0 = none. */
  readonly deadlineAtMs: number | undefined;
  /** The instant at which its wait ends with an outcome; Unix ms. */
  readonly waitUntilMs: number;
  /** True where another backend could take it now: then it is sent there. */
  readonly hasOther: boolean;
};

/** What becomes of it. */
export type Parking =
  /** It goes back in line at once, without that backend. */
  | { readonly kind: 'elsewhere' }
  /** It waits for that backend, and no attempt is used. */
  | { readonly kind: 'parked'; readonly notBeforeMs: number }
  /** It could not start in time: the attempt counts as failed. */
  | { readonly kind: 'failed' };

/** A backend that says nothing is left alone for so long. */
const defaultCooldownMs = 30_000;

/**
 * Whether a job waits for a backend that has refused it for its rate.
 *
 * A Retry-After in the past, or that is no number, counts as nothing said.
 */
export function parking(job: Throttled, nowMs: number): Parking {
  if (job.hasOther) return { kind: 'elsewhere' };
  const told = job.retryAfterMs;
  const delayMs = told !== undefined && told > 0 ? told : defaultCooldownMs;
  const notBeforeMs = nowMs + delayMs;
  const endsAtMs = Math.min(job.deadlineAtMs || Infinity, job.waitUntilMs);
  return notBeforeMs < endsAtMs ? { kind: 'parked', notBeforeMs } : { kind: 'failed' };
}
