import { type FailureCode, failures } from './failure.js';

/** One thing wrong with one field of an input. */
export type FieldProblem = {
  readonly field: string;
  readonly problem: string;
  readonly remedy?: string;
};

/** What an AppError may carry beside its code and message. */
export type AppErrorOptions = {
  readonly cause?: unknown;
  /** How long the caller should wait before it tries again, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly details?: readonly FieldProblem[];
};

/**
 * A failure at a boundary: a code of the closed table, a message for people, and what is needed to
 * act on it.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: FailureCode;
  readonly retryAfterMs: number | undefined;
  readonly details: readonly FieldProblem[];

  constructor(code: FailureCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details ?? [];
  }

  get httpStatus(): number {
    return failures[this.code].httpStatus;
  }

  get retryable(): boolean {
    return failures[this.code].retryable;
  }

  /**
   * Whatever was caught, as an AppError: itself if it is one, else `internal` with the original as
   * cause.
   */
  static from(caught: unknown): AppError {
    if (caught instanceof AppError) return caught;
    const message = caught instanceof Error ? caught.message : String(caught);
    return new AppError('internal', message, { cause: caught });
  }
}

/** A broken promise inside our own code: never expected, never caught to go on. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws InvariantError unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
