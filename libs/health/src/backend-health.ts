import type { FailureCode } from '@switchyard/domain';

/** Health of a backend, folded from checks and from how attempts went. */
export type BackendHealth = {
  readonly status: 'healthy' | 'degraded' | 'down' | 'unknown';
  readonly consecutiveFailures: number;
  readonly checkedAtMs: number;
  readonly checkDurationMs: number;
  /** Why it is not healthy; empty where it is. */
  readonly message: string;
  /** Left out before this instant; 0 where it is not. */
  readonly cooldownUntilMs: number;
};

/** The health of a backend of which nothing is known yet. */
export const neverChecked: BackendHealth = {
  status: 'unknown',
  consecutiveFailures: 0,
  checkedAtMs: 0,
  checkDurationMs: 0,
  message: '',
  cooldownUntilMs: 0,
};

/** This many failures in a row make a degraded backend a down one. */
export const downAfterFailures = 3;
/** A rate limit without a Retry-After leaves the backend alone for this long. */
export const cooldownMs = 30_000;

/** What an active check found. */
export type Check = {
  readonly isOk: boolean;
  readonly durationMs: number;
  readonly message: string;
  readonly atMs: number;
};

/** How an attempt went. */
export type AttemptEnd = {
  readonly failureCode: FailureCode | undefined;
  readonly retryAfterMs: number | undefined;
  readonly atMs: number;
};

/** Failures of an attempt that say something about its backend being there at all. */
const reachCodes: ReadonlySet<string> = new Set([
  'upstream_unreachable',
  'upstream_timeout',
  'upstream_error',
]);

/** Folds an active check: it can lift a backend at once and sinks it step by step. */
export function foldCheck(health: BackendHealth, check: Check): BackendHealth {
  const seen = { ...health, checkedAtMs: check.atMs, checkDurationMs: check.durationMs };
  if (check.isOk) return { ...seen, status: 'healthy', consecutiveFailures: 0, message: '' };
  return failed(seen, check.message);
}

/**
 * Folds the end of an attempt. A success lifts; failures to reach it sink; a refused key puts it
 * down at once, since every further attempt would fail too; a rate limit only cools it down.
 */
export function foldAttempt(health: BackendHealth, end: AttemptEnd): BackendHealth {
  const { failureCode, retryAfterMs, atMs } = end;
  if (failureCode === undefined)
    return { ...health, status: 'healthy', consecutiveFailures: 0, message: '' };
  if (failureCode === 'rate_limited')
    return { ...health, cooldownUntilMs: atMs + (retryAfterMs || cooldownMs) };
  if (failureCode === 'upstream_unauthorized') {
    const consecutiveFailures = Math.max(downAfterFailures, health.consecutiveFailures);
    return {
      ...health,
      status: 'down',
      consecutiveFailures,
      message: 'the backend refuses its API key',
    };
  }
  return reachCodes.has(failureCode) ? failed(health, failureCode) : health;
}

const abandonedMessage = 'no live executor serves this backend';

/**
 * Health of a backend that no live executor serves: nobody checks it, so what was known counts no
 * longer.
 */
export const foldAbandoned = (health: BackendHealth): BackendHealth =>
  health.message === abandonedMessage
    ? health
    : { ...health, status: 'unknown', consecutiveFailures: 0, message: abandonedMessage };

function failed(health: BackendHealth, message: string): BackendHealth {
  const consecutiveFailures = health.consecutiveFailures + 1;
  const status = consecutiveFailures >= downAfterFailures ? 'down' : 'degraded';
  return { ...health, status, consecutiveFailures, message };
}
