import type { Backend, Catalogue, FailureCode, JobKind, Usage } from '@switchyard/domain';
import type { DriverClock } from './clock.js';
import type { ConnectionPool } from './connection-pool.js';
import type { JsonObject } from './json.js';

/**
 * The form in which the caller spoke; the result and the events of an attempt are in the same one.
 */
export type AttemptDialect = 'openai.chat' | 'openai.completion' | 'openai.embedding';

/** How long an attempt may take; every value in milliseconds. */
export type AttemptTimeouts = {
  /**
   * Streams: request sent to first content. Otherwise: request sent to the response's head, which a
   * server sends only when its answer is complete. `attemptTimeouts` chooses both from a backend's
   * settings.
   */
  readonly firstByteMs: number;
  /** Request sent to the end of the response. */
  readonly totalMs: number;
};

/**
 * How often a request has passed a door already, and which one it passes now: what makes a loop
 * visible.
 */
export type Hop = { readonly hops: number; readonly instance: string };

/** One run of one job on one backend. */
export type AttemptRequest = {
  readonly jobId: string;
  readonly attemptNo: number;
  readonly kind: JobKind;
  readonly dialect: AttemptDialect;
  /** The backend's own name of the model. */
  readonly model: string;
  /**
   * The caller's body, never changed by a driver; only model, stream and stream_options are set on
   * a copy.
   */
  readonly body: JsonObject;
  /** True: the answer is wanted as events while it is made. Never true for embeddings. */
  readonly stream: boolean;
  readonly timeouts: AttemptTimeouts;
  readonly hop?: Hop;
  /** W3C trace context, sent on as it is. */
  readonly traceparent?: string;
};

/** Part of a streamed answer: what one or more reads from the network brought, never empty. */
export type DriverEvents = {
  readonly kind: 'events';
  /**
   * JSON texts in the caller's dialect, in order, each the `data:` of one server-sent event; never
   * `[DONE]`.
   */
  readonly events: readonly string[];
  /** UTF-16 units of answer text in these events (`delta.content`, `text`), over all choices. */
  readonly characters: number;
  /**
   * True where an event carries something made by the model: text, reasoning, a refusal or a tool
   * call.
   */
  readonly hasContent: boolean;
};

/** Where the time went, as the backend itself says. */
export type BackendTimings = {
  readonly loadMs?: number;
  readonly promptMs?: number;
  readonly generationMs?: number;
};

/** The complete answer: always the last event of an attempt that did not fail. */
export type DriverResult = {
  readonly kind: 'result';
  /** The response in the caller's dialect; for a stream, put together from all its events. */
  readonly body: JsonObject;
  /**
   * What the backend reported; undefined where it did not report both counts, then the executor
   * estimates.
   */
  readonly usage: Usage | undefined;
  /** Counts that came alone, so that only the missing one needs an estimate. */
  readonly partialUsage?: PartialUsage;
  /** The first choice's reason; empty for embeddings. */
  readonly finishReason: string;
  /** The model's name as the backend gave it. */
  readonly backendModel: string;
  /** Request sent to first content, measured here; streams only. */
  readonly ttftMs?: number;
  readonly timings?: BackendTimings;
  /** True where the answer came from a simulation of ours and says so. */
  readonly simulated?: boolean;
};

/** What an attempt yields: events while it runs, then one result. */
export type DriverEvent = DriverEvents | DriverResult;

/** What a backend reported of an attempt; any of it may be missing. */
export type PartialUsage = Partial<Omit<Usage, 'basis'>>;

/** What a driver can do at all; what a backend has is its catalogue. */
export type DriverCapabilities = {
  readonly kinds: readonly JobKind[];
  /** Kinds whose answer can be had as events while it is made. */
  readonly streamedKinds: readonly JobKind[];
  /**
   * True: closing the connection stops the work at the backend, so an attempt that timed out may be
   * repeated.
   */
  readonly cancels: boolean;
};

/** What an active check found. */
export type CheckResult =
  | {
      readonly kind: 'passed';
      readonly durationMs: number;
      readonly catalogue: Catalogue;
      /** Name of the server software where it can be told: ollama, llama.cpp, vllm ... */
      readonly server?: string;
      readonly version?: string;
      /** Share of its KV cache in use, 0 to 1; absent where it does not say. */
      readonly kvUsedRatio?: number;
      readonly simulated: boolean;
    }
  | {
      readonly kind: 'failed';
      readonly durationMs: number;
      readonly code: FailureCode;
      readonly message: string;
      readonly retryAfterMs?: number;
    };

/**
 * The port through which an executor reaches one backend. A driver never retries, never follows a
 * redirect, keeps no state between attempts but its connections, and holds at most the configured
 * bytes of any response.
 */
export interface BackendDriver {
  readonly capabilities: DriverCapabilities;
  /**
   * Asks whether the backend is there and what it has. Costs nothing at the backend: never a
   * completion. Never throws but for the signal, whose reason it throws.
   */
  check(signal: AbortSignal): Promise<CheckResult>;
  /**
   * Runs one attempt. Streams yield `events` as they come and then one `result`; otherwise only the
   * `result`.
   * - Aborting the signal closes the connection to the backend and throws the signal's reason;
   *   where part of a streamed answer had come, a DriverFailure `cancelled` with that part, whose
   *   cause is the reason.
   * - Leaving the iteration early closes it too.
   * - Every other failure is a DriverFailure: upstream_unreachable, upstream_timeout,
   *   upstream_error, upstream_protocol (also: a stream that ended before it was complete),
   *   upstream_unauthorized, upstream_model_missing, rate_limited, invalid_request, loop_detected.
   */
  start(attempt: AttemptRequest, signal: AbortSignal): AsyncIterable<DriverEvent>;
  /** Closes the connections; running attempts fail as unreachable. */
  close(): Promise<void>;
}

/** What a driver is made from. */
export type DriverOptions = {
  readonly backend: Pick<Backend, 'id' | 'endpointUrl' | 'connectTimeoutMs'> &
    Partial<Pick<Backend, 'apiKey' | 'maxConcurrentRequests'>>;
  /** Shared by all drivers of a process: the cap on connections in all. */
  readonly pool: ConnectionPool;
  /** @default the system's */
  readonly clock?: DriverClock;
  /**
   * Longest response held or read, in bytes: what one bad answer may cost in memory.
   * @default 24 MiB, so that it costs less than 50 MB of memory
   */
  readonly maxResponseBytes?: number;
  /** Longest line or event of a stream, in characters. @default 1 MiB */
  readonly maxLineCharacters?: number;
};

/** Makes the driver of one backend. */
export type MakeDriver = (options: DriverOptions) => BackendDriver;

/** The timeouts of an attempt by its backend's settings. */
export function attemptTimeouts(
  backend: Pick<Backend, 'requestTimeoutMs' | 'firstTokenTimeoutMs'>,
  stream: boolean,
): AttemptTimeouts {
  // An answer that is not streamed shows its first byte when it is complete: only the total can
  // bound it.
  const firstByteMs = stream ? backend.firstTokenTimeoutMs : backend.requestTimeoutMs;
  return { firstByteMs, totalMs: backend.requestTimeoutMs };
}
