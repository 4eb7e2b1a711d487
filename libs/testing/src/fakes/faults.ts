/**
 * What can go wrong at a fake backend, for one request. `afterChunks` counts chunks of answer text
 * (default 2); for an answer that is not streamed, `cut` and `hangMidStream` stop in the middle of
 * the body.
 */
export type Fault =
  /** Takes the request and never sends a byte. */
  | { readonly kind: 'hang' }
  /** Resets the connection before the first byte of a response. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'hangMidStream'; readonly afterChunks?: number }
  /** Resets the connection in the middle of the answer. */
  | { readonly kind: 'cut'; readonly afterChunks?: number }
  /** Ends the response cleanly, as HTTP has it, before the answer is complete. */
  | { readonly kind: 'endEarly'; readonly afterChunks?: number }
  /** 429; `retryAfter` is the header as it goes out: seconds, an HTTP date, or nonsense. */
  | { readonly kind: 'rateLimited'; readonly retryAfter?: string }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly retryAfter?: string;
    }
  /** 200 with bytes that are no answer, under the right content type. */
  | { readonly kind: 'garbage' }
  /** 200 with an HTML page. */
  | { readonly kind: 'wrongContentType' }
  /** A response that never ends: a JSON text, or as many chunks as are read. */
  | { readonly kind: 'oversize' }
  /** A stream whose first line never ends. */
  | { readonly kind: 'endlessLine' }
  /** Waits before it answers as usual. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'missingUsage' }
  /** HTTP 200, some chunks, then the protocol's error object. */
  | { readonly kind: 'errorInStream'; readonly afterChunks?: number; readonly message?: string }
  /** Some good chunks, then one that is not JSON, then more good ones. */
  | { readonly kind: 'malformedChunk'; readonly afterChunks?: number }
  /**
   * Lawful but odd: comments, blank lines, a chunk without choices, characters split between reads.
   */
  | { readonly kind: 'quirks' }
  | { readonly kind: 'redirect'; readonly location: string };

/** Which requests go wrong, and how. */
export type FakeFaults = {
  /** Closes the listener and every connection: new ones are refused until it is set otherwise. */
  readonly refuse?: boolean;
  /** Every inference request without one of its own. */
  readonly all?: Fault;
  /** By index of the inference request, from 0, since the start or the last `reset`. */
  readonly at?: Readonly<Record<number, Fault>>;
  /** The checks too (models, health, version): they answer 500. */
  readonly checks?: boolean;
};

/** The fault that the request with this index meets. */
export const faultAt = (faults: FakeFaults, index: number): Fault | undefined =>
  faults.at?.[index] ?? faults.all;

/** Chunks of answer text to send before a fault in mid-stream. */
export const chunksBefore = (fault: Fault): number =>
  ('afterChunks' in fault ? fault.afterChunks : undefined) ?? 2;
