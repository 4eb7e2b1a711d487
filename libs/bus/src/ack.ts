import type { Msg } from '@nats-io/nats-core';
import { AppError } from '@switchyard/domain';

/**
 * What a stream answered to a publish.
 * - `stored`: it is there; `isDuplicate` where a message with the same id already was.
 * - `stale`: another write came first (expected sequence).
 * - `full`: a limit of the stream refuses it; `perSubject` where it was the subject's own.
 */
export type Stored =
  | { readonly kind: 'stored'; readonly seq: number; readonly isDuplicate: boolean }
  | { readonly kind: 'stale' }
  | { readonly kind: 'full'; readonly perSubject: boolean };

type AckBody = {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: {
    readonly code: number;
    readonly err_code: number;
    readonly description: string;
  };
};

/** JetStream error codes we act on; nats-server 2.15.1. */
const errCode = {
  wrongLastSequence: 10071,
  wrongLastMessageId: 10070,
  storeFailed: 10077,
} as const;

/** AppError `unavailable` of which one thing is sure: the server has stored nothing. */
export class RefusedError extends AppError {
  constructor(message: string) {
    super('unavailable', message, { retryAfterMs: 1_000 });
  }
}

/**
 * Reads a publish acknowledgement. Throws RefusedError on refusals that nobody could foresee, such
 * as a full disk.
 */
export function readAck(message: Msg): Stored {
  const { seq, duplicate, error } = JSON.parse(message.string()) as AckBody;
  if (!error && seq !== undefined) return { kind: 'stored', seq, isDuplicate: duplicate === true };
  if (
    error?.err_code === errCode.wrongLastSequence ||
    error?.err_code === errCode.wrongLastMessageId
  ) {
    return { kind: 'stale' };
  }
  if (error?.err_code === errCode.storeFailed && error.description.includes('maximum messages')) {
    return { kind: 'full', perSubject: error.description.includes('per subject') };
  }
  throw new RefusedError(`NATS refused the message: ${error?.description ?? 'no reason given'}`);
}
