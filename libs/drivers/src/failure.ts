import type { FailureCode } from '@switchyard/domain';
import type { PartialUsage } from './driver.js';
import type { JsonObject } from './json.js';

/** What a driver knows about a failure beside its code and message. */
export type DriverFailureOptions = {
  readonly cause?: unknown;
  /** How long the backend asked to be left alone, in milliseconds, at most an hour. */
  readonly retryAfterMs?: number;
  /** What the backend reported before it failed. */
  readonly partialUsage?: PartialUsage;
  /** A stream that broke: the answer as far as it came, in the caller's dialect. */
  readonly partialBody?: JsonObject;
};

/**
 * Why an attempt failed at its backend. The message is for people; it holds no key, no address and
 * no prompt, but where the backend refused the request's content it is the backend's own,
 * shortened.
 */
export class DriverFailure extends Error {
  override readonly name = 'DriverFailure';
  readonly code: FailureCode;
  readonly retryAfterMs: number | undefined;
  readonly partialUsage: PartialUsage | undefined;
  readonly partialBody: JsonObject | undefined;

  constructor(code: FailureCode, message: string, options: DriverFailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.partialUsage = options.partialUsage;
    this.partialBody = options.partialBody;
  }

  /** This failure with what had come before it. */
  withPartial(partial: Pick<DriverFailureOptions, 'partialUsage' | 'partialBody'>): DriverFailure {
    const { cause, retryAfterMs } = this;
    return new DriverFailure(this.code, this.message, { cause, retryAfterMs, ...partial });
  }
}
