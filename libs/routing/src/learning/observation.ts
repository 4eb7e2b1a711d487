import type { AccountId, BackendId, FailureCode, JobKind } from '@switchyard/domain';
import { failures } from '@switchyard/domain';
import type { QueryType } from '../job-facts.js';

/**
 * One attempt that ended, as the learner takes it in. Plain data; what nobody measured is not
 * given.
 */
export type Observation = {
  readonly backendId: BackendId;
  readonly model: string;
  readonly kind: JobKind;
  readonly account: AccountId;
  /** null: it succeeded. */
  readonly failure: FailureCode | null;
  readonly endedAtMs: number;
  /** From the request to the backend to the end of its answer, or to the failure. */
  readonly durationMs: number;
  /** What the job was thought to take at its dispatch: with `kind` they make its class. */
  readonly estimatedInputTokens: number;
  readonly maxOutputTokens: number;
  /** Attempts that this backend had in flight beside this one when it was dispatched. */
  readonly inFlightAtDispatch?: number;
  readonly queryType?: QueryType;
  readonly ttftMs?: number;
  /** What the backend says its prefill took; else it is taken from `ttftMs`. */
  readonly prefillMs?: number;
  readonly inputTokens?: number;
  /** Those of `inputTokens` that were in its prefix cache. */
  readonly hitTokens?: number;
  readonly outputTokens?: number;
  /** Given where the model had to be loaded first: what that took. */
  readonly loadMs?: number;
};

/**
 * What an ended attempt says of its backend: `success`, `fault`, or `nothing` (the caller's own
 * mistake or wish, a limit that was told, our own trouble).
 */
export function verdictOf(failure: FailureCode | null): 'success' | 'fault' | 'nothing' {
  if (failure === null) return 'success';
  if (failure === 'executor_lost' || failure === 'deadline_exceeded') return 'fault';
  return failures[failure].breaker === 'none' ? 'nothing' : 'fault';
}
