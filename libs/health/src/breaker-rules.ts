/** States of a breaker, in the order of its gauge but for `halfOpen`, which is 1. */
export type BreakerState = 'closed' | 'open' | 'halfOpen';

/** From which state each reason may move a breaker, and where to: its whole table. */
export const breakerMoves = {
  failures_in_a_row: { from: ['closed'], to: 'open' },
  failure_ratio: { from: ['closed'], to: 'open' },
  timeouts_in_a_row: { from: ['closed'], to: 'open' },
  too_slow: { from: ['closed'], to: 'open' },
  config_error: { from: ['closed', 'halfOpen'], to: 'open' },
  open_time_over: { from: ['open'], to: 'halfOpen' },
  trial_failed: { from: ['halfOpen'], to: 'open' },
  trial_lost: { from: ['halfOpen'], to: 'open' },
  trials_succeeded: { from: ['halfOpen'], to: 'closed' },
  reset: { from: ['closed', 'open', 'halfOpen'], to: 'closed' },
  forced: { from: ['closed', 'open', 'halfOpen'], to: 'open' },
} as const satisfies Record<
  string,
  { readonly from: readonly BreakerState[]; readonly to: BreakerState }
>;

/** Why a breaker moves. */
export type BreakerReason = keyof typeof breakerMoves;

/** True where the table lets `reason` move a breaker out of `state`. */
export const mayMove = (state: BreakerState, reason: BreakerReason): boolean =>
  (breakerMoves[reason].from as readonly BreakerState[]).includes(state);

type Seen = {
  readonly consecutiveFailures: number;
  readonly consecutiveTimeouts: number;
  readonly consecutiveServerErrors: number;
  readonly outcomes: readonly boolean[];
  readonly durationsMs: readonly number[];
};

const ratioOver = 20;
const slowOver = 10;
const slowFactor = 3;
const timeoutsMax = 3;
const thresholdMin = 2;

/** Which rule opens a closed breaker that has seen this; undefined where none does. */
export function tripReason(
  seen: Seen,
  settings: { readonly failureThreshold: number; readonly expectedDurationMs: number },
): BreakerReason | undefined {
  if (seen.consecutiveTimeouts >= timeoutsMax) return 'timeouts_in_a_row';
  if (seen.consecutiveFailures >= threshold(seen, settings.failureThreshold))
    return 'failures_in_a_row';
  const { outcomes } = seen;
  let failed = 0;
  for (let at = Math.max(0, outcomes.length - ratioOver); at < outcomes.length; at += 1) {
    if (outcomes[at] === false) failed += 1;
  }
  if (outcomes.length >= ratioOver && failed > ratioOver / 2) return 'failure_ratio';
  return isTooSlow(seen.durationsMs, settings.expectedDurationMs) ? 'too_slow' : undefined;
}

/** Timeouts and server errors in a row make it less patient, but never below two. */
function threshold(seen: Seen, configured: number): number {
  const timeouts = seen.consecutiveTimeouts >= 2 ? 2 : 0;
  const serverErrors = seen.consecutiveServerErrors >= 2 ? 1 : 0;
  const lowered = Math.max(thresholdMin, configured - timeouts - serverErrors);
  return Math.min(configured, lowered);
}

function isTooSlow(durationsMs: readonly number[], expectedDurationMs: number): boolean {
  if (expectedDurationMs <= 0 || durationsMs.length < slowOver) return false;
  const last = durationsMs.slice(-slowOver);
  const sumMs = last.reduce((total, durationMs) => total + durationMs, 0);
  return sumMs / slowOver > slowFactor * expectedDurationMs;
}

/** At most this share of the backends that serve one kind are put behind open breakers. */
const ejectedRatioMax = 0.5;

/**
 * True where one more backend may go behind an open breaker: half of them at most, so that a fault
 * common to all does not leave nobody, but always one.
 */
export const mayEject = (count: { readonly open: number; readonly all: number }): boolean =>
  count.open < Math.max(1, Math.floor(count.all * ejectedRatioMax));
