import { type FailureCode, failures } from '@switchyard/domain';
import { type BreakerReason, type BreakerState, mayMove, tripReason } from './breaker-rules.js';

/** The circuit breaker of one backend, as plain data. */
export type Breaker = {
  readonly state: BreakerState;
  /** Why it was last moved; empty where it never was. */
  readonly reason: BreakerReason | '';
  readonly changedAtMs: number;
  /** When an open breaker lets trials through; 0 where it is not open, or forced open. */
  readonly openUntilMs: number;
  readonly consecutiveFailures: number;
  readonly consecutiveTimeouts: number;
  readonly consecutiveServerErrors: number;
  /** Whether the last attempts succeeded, oldest first. */
  readonly outcomes: readonly boolean[];
  /** How long the last successes took, oldest first. */
  readonly durationsMs: readonly number[];
  readonly trials: Trials;
};

/** The permits of a half-open breaker: what is admitted and not ended, and what succeeded. */
export type Trials = { readonly pending: readonly Trial[]; readonly succeeded: number };
/** One permit. */
export type Trial = { readonly id: string; readonly admittedAtMs: number };

/** How a breaker decides. */
export type BreakerSettings = {
  /** Failures in a row that open it. @default 5 */
  readonly failureThreshold: number;
  /** How long it stays open at least, before it is stretched. @default 60 s */
  readonly openMs: number;
  /** Permits while half open. @default 3 */
  readonly trialsMax: number;
  /** A permit that has not ended after this long failed: request timeout and 5 s. */
  readonly trialTimeoutMs: number;
  /** Ten successes three times as slow as this open it; 0 turns that off, as for media. */
  readonly expectedDurationMs: number;
};

/** The settings where nothing else was configured. */
export const defaultBreakerSettings: BreakerSettings = {
  failureThreshold: 5,
  openMs: 60_000,
  trialsMax: 3,
  trialTimeoutMs: 35_000,
  expectedDurationMs: 0,
};

/** What surrounds a step: the time, a number in [0, 1) drawn for it, and the cap's word. */
export type BreakerMoment = {
  readonly nowMs: number;
  readonly unit: number;
  /** False where too many of its pool are open already; see mayEject. @default true */
  readonly mayOpen?: boolean;
};

/** How one attempt or check ended. `trialId` names the permit that it was admitted with. */
export type BreakerOutcome = {
  readonly failureCode: FailureCode | undefined;
  readonly durationMs: number;
  readonly trialId?: string | undefined;
};

/** A breaker that has seen nothing. */
export const closedBreaker: Breaker = {
  state: 'closed',
  reason: '',
  changedAtMs: 0,
  openUntilMs: 0,
  consecutiveFailures: 0,
  consecutiveTimeouts: 0,
  consecutiveServerErrors: 0,
  outcomes: [],
  durationsMs: [],
  trials: { pending: [], succeeded: 0 },
};

const outcomesKept = 100;
const durationsKept = 50;

/**
 * Lets time pass: an open breaker becomes half open when its time is over, and a permit that was
 * not heard of again fails.
 */
export function advanceBreaker(
  breaker: Breaker,
  settings: BreakerSettings,
  moment: BreakerMoment,
): Breaker {
  const { nowMs } = moment;
  const { state, openUntilMs, trials } = breaker;
  if (state === 'open' && openUntilMs > 0 && nowMs >= openUntilMs)
    return moved(breaker, 'halfOpen', 'open_time_over', nowMs);
  const isLost = ({ admittedAtMs }: Trial) => nowMs - admittedAtMs > settings.trialTimeoutMs;
  if (state === 'halfOpen' && trials.pending.some(isLost))
    return opened(breaker, 'trial_lost', settings, moment);
  return breaker;
}

/**
 * Asks for a permit: always given while closed, never while open, and up to `trialsMax` times while
 * half open. It is counted here, before the request leaves, so that no burst slips through.
 */
export function admitTrial(
  breaker: Breaker,
  settings: BreakerSettings,
  trial: Trial,
): { readonly isAdmitted: boolean; readonly breaker: Breaker } {
  if (breaker.state !== 'halfOpen') return { isAdmitted: breaker.state === 'closed', breaker };
  const { pending, succeeded } = breaker.trials;
  if (pending.length + succeeded >= settings.trialsMax) return { isAdmitted: false, breaker };
  const trials = { pending: [...pending, trial], succeeded };
  return { isAdmitted: true, breaker: { ...breaker, trials } };
}

/**
 * Folds how an attempt ended. What says nothing of the backend (a rate limit, a malformed request)
 * changes nothing but frees its permit. While open, stragglers are not counted; while half open,
 * only permits are.
 */
export function foldOutcome(
  breaker: Breaker,
  outcome: BreakerOutcome,
  { settings, moment }: { readonly settings: BreakerSettings; readonly moment: BreakerMoment },
): Breaker {
  const counted = outcome.failureCode && failures[outcome.failureCode].breaker;
  if (breaker.state === 'open') return breaker;
  if (breaker.state === 'halfOpen') return foldTrial(breaker, outcome, { settings, moment });
  if (counted === 'none') return breaker;
  if (counted === 'config') return opened(breaker, 'config_error', settings, moment);
  const seen = counted === undefined ? succeeded(breaker, outcome) : failed(breaker, outcome);
  const reason = tripReason(seen, settings);
  return reason && moment.mayOpen !== false ? opened(seen, reason, settings, moment) : seen;
}

/** An attempt that ended, as whoever counts them is told of it. */
type AttemptOutcome = {
  /** Names the attempt; no two are alike. */
  readonly name: string;
  readonly failureCode: FailureCode | undefined;
  readonly durationMs: number;
  readonly atMs: number;
};

/**
 * Folds an attempt that others admitted: the router counts the trials of a half-open breaker, and
 * whoever folds here learns of them when they end. One that began before the trials is no trial:
 * it says how the backend was, not how it is.
 */
export function foldAttemptOutcome(
  breaker: Breaker,
  { name, failureCode, durationMs, atMs }: AttemptOutcome,
  within: { readonly settings: BreakerSettings; readonly moment: BreakerMoment },
): Breaker {
  const isStraggler = atMs - durationMs < breaker.changedAtMs;
  const trial = { id: name, admittedAtMs: within.moment.nowMs };
  const ready = isStraggler ? breaker : admitTrial(breaker, within.settings, trial).breaker;
  return foldOutcome(ready, { failureCode, durationMs, trialId: name }, within);
}

/** Folds an active check: the first trial of a half-open breaker; else it says nothing to one. */
export function foldCheckOutcome(
  breaker: Breaker,
  isOk: boolean,
  within: { readonly settings: BreakerSettings; readonly moment: BreakerMoment },
): Breaker {
  if (breaker.state !== 'halfOpen' || breaker.trials.succeeded > 0) return breaker;
  const trial = { id: 'check', admittedAtMs: within.moment.nowMs };
  const failureCode = isOk ? undefined : 'upstream_unreachable';
  const admitted = admitTrial(breaker, within.settings, trial).breaker;
  return foldOutcome(admitted, { failureCode, durationMs: 0, trialId: trial.id }, within);
}

/** Closes it by hand and forgets what it saw. */
export const resetBreaker = (breaker: Breaker, nowMs: number): Breaker =>
  moved(breaker, 'closed', 'reset', nowMs);

/** Opens it by hand until somebody resets it. */
export const forceOpen = (breaker: Breaker, nowMs: number): Breaker =>
  moved(breaker, 'open', 'forced', nowMs);

function foldTrial(
  breaker: Breaker,
  { failureCode, trialId }: BreakerOutcome,
  { settings, moment }: { readonly settings: BreakerSettings; readonly moment: BreakerMoment },
): Breaker {
  const { pending, succeeded } = breaker.trials;
  if (!pending.some(({ id }) => id === trialId)) return breaker;
  const rest = pending.filter(({ id }) => id !== trialId);
  const counted = failureCode && failures[failureCode].breaker;
  if (counted === 'none') return { ...breaker, trials: { pending: rest, succeeded } };
  if (counted) {
    const reason = counted === 'config' ? 'config_error' : 'trial_failed';
    return opened(breaker, reason, settings, moment);
  }
  if (succeeded + 1 >= settings.trialsMax)
    return moved(breaker, 'closed', 'trials_succeeded', moment.nowMs);
  return { ...breaker, trials: { pending: rest, succeeded: succeeded + 1 } };
}

const succeeded = (breaker: Breaker, { durationMs }: BreakerOutcome): Breaker => ({
  ...breaker,
  consecutiveFailures: 0,
  consecutiveTimeouts: 0,
  consecutiveServerErrors: 0,
  outcomes: appended(breaker.outcomes, true, outcomesKept),
  durationsMs: appended(breaker.durationsMs, durationMs, durationsKept),
});

function failed(breaker: Breaker, { failureCode }: BreakerOutcome): Breaker {
  const isTimeout = failureCode === 'upstream_timeout';
  const isServerError = failureCode === 'upstream_error';
  return {
    ...breaker,
    consecutiveFailures: breaker.consecutiveFailures + 1,
    consecutiveTimeouts: isTimeout ? breaker.consecutiveTimeouts + 1 : 0,
    consecutiveServerErrors: isServerError ? breaker.consecutiveServerErrors + 1 : 0,
    outcomes: appended(breaker.outcomes, false, outcomesKept),
  };
}

/** The last `kept` of a list with one more; copied once, since every attempt comes through here. */
function appended<Item>(list: readonly Item[], item: Item, kept: number): Item[] {
  const copy = list.slice(list.length < kept ? 0 : list.length - kept + 1);
  copy.push(item);
  return copy;
}

/** Opens for longer where it timed out or failed in a row, and never all at the same moment. */
function opened(
  breaker: Breaker,
  reason: BreakerReason,
  { openMs }: BreakerSettings,
  { nowMs, unit }: BreakerMoment,
): Breaker {
  const { consecutiveTimeouts, consecutiveServerErrors } = breaker;
  const stretch = consecutiveTimeouts >= 3 ? 2 : consecutiveServerErrors >= 3 ? 1.5 : 1;
  const openUntilMs = Math.round(nowMs + openMs * stretch * (0.8 + 0.4 * unit));
  return { ...moved(breaker, 'open', reason, nowMs), openUntilMs };
}

/** What was counted is kept while it is open or half open, and forgotten once it closes. */
function moved(
  breaker: Breaker,
  state: BreakerState,
  reason: BreakerReason,
  changedAtMs: number,
): Breaker {
  if (!mayMove(breaker.state, reason)) return breaker;
  const kept = state === 'closed' ? closedBreaker : breaker;
  return { ...kept, state, reason, changedAtMs, openUntilMs: 0, trials: closedBreaker.trials };
}
