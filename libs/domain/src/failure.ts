/**
 * Every reason for which a job, an attempt or a request can fail: one closed table.
 *
 * `retryable`: another attempt may help. `breaker`: what the backend's breaker counts.
 * `httpStatus`: what a door answers.
 */
export type FailureTraits = {
  readonly meaning: string;
  readonly retryable: boolean;
  readonly breaker: 'failure' | 'timeout' | 'config' | 'none';
  readonly httpStatus: number;
};

const row = (
  meaning: string,
  httpStatus: number,
  retryable = false,
  breaker: FailureTraits['breaker'] = 'none',
): FailureTraits => ({ meaning, retryable, breaker, httpStatus });

/** The table itself, by code. */
export const failures = {
  invalid_request: row('the request is malformed, or the backend refused its content', 400),
  unauthenticated: row('no valid API key', 401),
  budget_exceeded: row('a cost cap leaves no backend', 402),
  forbidden: row('the key may not do this', 403),
  not_found: row('no such job, model or route for this account', 404),
  conflict: row('the job is already terminal, or the key was used with another body', 409),
  payload_too_large: row('the body is over the limit', 413),
  validation_failed: row('a field has a wrong type or value', 422),
  queue_full: row('the waiting room is full', 429),
  rate_limited: row('the backend asked for fewer requests', 429, true),
  cancelled: row('the caller cancelled the job', 499),
  internal: row('a fault of our own', 500),
  upstream_error: row('the backend answered with a server error', 502, true, 'failure'),
  upstream_unreachable: row(
    'the backend could not be connected to, or reset before it answered',
    502,
    true,
    'failure',
  ),
  upstream_protocol: row(
    'the backend sent something that is not its protocol',
    502,
    true,
    'failure',
  ),
  upstream_unauthorized: row('the backend refused our credentials', 502, true, 'config'),
  upstream_model_missing: row('the backend does not have the model', 502, true),
  stream_interrupted: row('the stream broke after its first token was sent', 502, false, 'failure'),
  executor_lost: row('the executor died while it ran the attempt', 502, true),
  attempts_exhausted: row('every attempt was used', 502),
  no_backend_available: row('no backend can take the job now', 503),
  draining: row('the service is stopping', 503, true),
  unavailable: row('the job could not be stored, try again', 503),
  upstream_timeout: row('the backend did not answer in time', 504, true, 'timeout'),
  deadline_exceeded: row('the deadline or longest wait passed', 504),
  loop_detected: row('the request came back to the door it left from', 508),
} as const satisfies Record<string, FailureTraits>;

/** A code of the table. */
export type FailureCode = keyof typeof failures;

/** True where `value` is a code of the table. */
export const isFailureCode = (value: unknown): value is FailureCode =>
  typeof value === 'string' && Object.hasOwn(failures, value);
