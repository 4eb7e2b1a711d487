import type { BackendId } from '@switchyard/domain';
import type { PromptKeys } from '../prefix/keys.js';
import type { SimulatedJob } from './parts.js';
import type { SimulatedAttempt } from './simulated-backend.js';

/** An attempt on its way: what the backend, the router and the book of results know of it. */
export type Flight = SimulatedAttempt & {
  /** `<jobId>:<attemptNo>`. */
  readonly name: string;
  readonly job: SimulatedJob;
  readonly backendId: BackendId;
  readonly backendAt: number;
  readonly prompt: PromptKeys;
  /** Work at its backend as it truly is: until its first token, and after it. */
  readonly prefillWorkMs: number;
  readonly decodeWorkMs: number;
  /** Tokens of the prompt that were not in the cache at the dispatch, and of the output. */
  readonly workTokens: number;
  /** Of the answer; all of it, but where it was stopped. */
  madeTokens: number;
  inFlightAtDispatch: number;
  isPastFirstToken: boolean;
};
