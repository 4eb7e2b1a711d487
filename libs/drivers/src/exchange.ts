import type { Dispatcher } from 'undici';
import type { ConnectionPool } from './connection-pool.js';
import type { AttemptTimeouts } from './driver.js';
import { DriverFailure } from './failure.js';
import { failureOfTransport, type ResponseHeaders } from './http-failure.js';

/**
 * Takes the body of a response as it comes; whatever it throws ends the exchange as its failure.
 */
export type BodySink = {
  write(chunk: Buffer): void;
  /** The body is complete, as HTTP has it. */
  end(): void;
};

type ExchangeRequest = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body?: string;
};

/** One request to a backend, and everything that decides over it. */
export type ExchangeOptions = {
  readonly dispatcher: Dispatcher;
  readonly pool: ConnectionPool;
  readonly request: ExchangeRequest;
  readonly timeouts: AttemptTimeouts;
  readonly signal: AbortSignal;
  /** Chooses who takes the body; throws to refuse the response. */
  readonly accept: (status: number, headers: ResponseHeaders) => BodySink;
  /** True: the first-byte clock runs until `contentSeen`, not until the head of the response. */
  readonly awaitsContent?: boolean;
};

/** Node fires a longer timer at once. */
const timerMsMax = 2 ** 31 - 1;

/**
 * One request and its response, ended by whatever comes first: the end of the body, a broken
 * connection, a timeout, the signal, or a sink that refuses. Nothing is retried and no redirect
 * followed. Built on undici's dispatch: no stream objects, and an abort closes the connection at
 * once, or keeps a queued request from ever being sent.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  /**
   * Resolves at the complete body; rejects with the failure: a DriverFailure or the signal's
   * reason.
   */
  readonly finished: Promise<void>;
  #resolve!: () => void;
  #reject!: (failure: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #sink: BodySink | undefined;
  #hasEntered = false;
  #hasEnded = false;
  #giveUpWait: (() => void) | undefined;
  #firstByteTimer: NodeJS.Timeout | undefined;
  readonly #totalTimer: NodeJS.Timeout;

  constructor(private readonly options: ExchangeOptions) {
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // It may be left alone: who closes an exchange knows why.
    this.finished.catch(() => undefined);
    const { signal, timeouts, pool } = options;
    const firstByteMs = Math.min(timeouts.firstByteMs, timerMsMax);
    const totalMs = Math.min(timeouts.totalMs, timerMsMax);
    this.#totalTimer = setTimeout(
      () => this.#timeOut(`no complete answer within ${totalMs} ms`),
      totalMs,
    );
    if (firstByteMs < totalMs) {
      const awaited = options.awaitsContent ? 'first token' : 'answer';
      this.#firstByteTimer = setTimeout(
        () => this.#timeOut(`no ${awaited} within ${firstByteMs} ms`),
        firstByteMs,
      );
    }
    signal.addEventListener('abort', this.#onAbort);
    if (signal.aborted) this.#onAbort();
    else if (pool.tryEnter()) this.#enter();
    else this.#giveUpWait = pool.wait(() => this.#enter());
  }

  /** Stops the first-byte clock. */
  contentSeen(): void {
    if (this.#firstByteTimer) clearTimeout(this.#firstByteTimer);
    this.#firstByteTimer = undefined;
  }

  /** Ends the exchange now and closes its connection; without effect once it has ended. */
  close(failure: unknown): void {
    if (this.#hasEnded) return;
    this.#end(failure);
    const error = failure instanceof Error ? failure : new Error('aborted', { cause: failure });
    this.#controller?.abort(error);
  }

  /** Stops reading; the backend feels it. */
  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    if (!this.#hasEnded) this.#controller?.resume();
  }

  #enter(): void {
    this.#hasEntered = true;
    this.#giveUpWait = undefined;
    const { dispatcher, request } = this.options;
    try {
      dispatcher.dispatch(request, this);
    } catch (error) {
      this.onResponseError(undefined, error as Error);
    }
  }

  readonly #onAbort = (): void => this.close(this.options.signal.reason);

  #timeOut(message: string): void {
    this.close(new DriverFailure('upstream_timeout', `the backend gave ${message}`));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#hasEnded) controller.abort(new Error('ended before it was sent'));
  }

  onResponseStart(_controller: unknown, status: number, headers: ResponseHeaders): void {
    if (status < 200 || this.#hasEnded) return;
    if (!this.options.awaitsContent) this.contentSeen();
    try {
      this.#sink = this.options.accept(status, headers);
    } catch (failure) {
      this.close(failure);
    }
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#hasEnded) return;
    try {
      this.#sink?.write(chunk);
    } catch (failure) {
      this.close(failure);
    }
  }

  onResponseEnd(): void {
    if (this.#hasEnded) return;
    try {
      this.#sink?.end();
      this.#end();
    } catch (failure) {
      this.#end(failure);
    }
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#hasEnded) return;
    this.#end(failureOfTransport(error, this.#sink !== undefined));
  }

  #end(failure?: unknown): void {
    this.#hasEnded = true;
    clearTimeout(this.#totalTimer);
    this.contentSeen();
    this.options.signal.removeEventListener('abort', this.#onAbort);
    this.#giveUpWait?.();
    if (this.#hasEntered) this.options.pool.leave();
    if (failure === undefined) return this.#resolve();
    this.#reject(failure);
  }
}
