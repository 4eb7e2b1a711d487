import type { Dispatcher } from 'undici';
import { ErrorBody, tooLarge, WholeBody } from './body-sinks.js';
import { type DriverClock, systemClock } from './clock.js';
import type { AttemptRequest, CheckResult, DriverOptions } from './driver.js';
import { type BodySink, Exchange, type ExchangeOptions } from './exchange.js';
import { DriverFailure } from './failure.js';
import { formatHop, hopHeader, instanceHeader, simulatedHeader } from './hop.js';
import { type CodeOf, headerOf, parseOrUndefined, type ResponseHeaders } from './http-failure.js';

/** How long one question of a check may take, in milliseconds. */
const checkTimeoutMs = 5_000;
/** Longest answer to a question of a check, in bytes: a catalogue of thousands of models fits. */
const checkBytesMax = 8 * 1024 * 1024;

/**
 * The connection of a driver to its backend's address: where requests go and what each of them
 * carries.
 */
export class BackendLink {
  readonly clock: DriverClock;
  readonly responseBytesMax: number;
  readonly lineCharactersMax: number;
  /** The path of the configured address, without a slash at its end. */
  readonly basePath: string;
  readonly #options: DriverOptions;
  readonly #dispatcher: Dispatcher;
  readonly #headers: readonly string[];

  constructor(
    options: DriverOptions,
    private readonly codeOf?: CodeOf,
  ) {
    const { backend, pool } = options;
    const url = new URL(backend.endpointUrl);
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.responseBytesMax = options.maxResponseBytes ?? 24 * 1024 * 1024;
    this.lineCharactersMax = options.maxLineCharacters ?? 1024 * 1024;
    this.basePath = url.pathname.replace(/\/+$/, '');
    this.#dispatcher = pool.connectionsTo({ ...backend, origin: url.origin });
    const key = backend.apiKey ? ['authorization', `Bearer ${backend.apiKey}`] : [];
    this.#headers = ['user-agent', 'switchyard', ...key];
  }

  /** Sends an attempt's request; `body` is JSON text. */
  post(
    path: string,
    body: string,
    attempt: AttemptRequest,
    options: Pick<ExchangeOptions, 'signal' | 'accept' | 'awaitsContent'>,
  ): Exchange {
    const headers = [...this.#headers, 'content-type', 'application/json'];
    if (attempt.hop) headers.push(hopHeader, formatHop(attempt.hop));
    if (attempt.traceparent) headers.push('traceparent', attempt.traceparent);
    return this.#exchange({
      request: { method: 'POST', path, headers, body },
      timeouts: attempt.timeouts,
      ...options,
    });
  }

  /** Asks for a JSON text that costs nothing; throws DriverFailure, or the signal's reason. */
  async ask(path: string, signal: AbortSignal, body?: string): Promise<Answer> {
    let simulated = false;
    const whole = new WholeBody(checkBytesMax);
    const type = body === undefined ? [] : ['content-type', 'application/json'];
    const exchange = this.#exchange({
      request: {
        method: body === undefined ? 'GET' : 'POST',
        path,
        headers: [...this.#headers, ...type],
        body,
      },
      timeouts: { firstByteMs: checkTimeoutMs, totalMs: checkTimeoutMs },
      signal,
      accept: (status, headers) => {
        simulated = isSimulated(headers);
        return this.accept(status, headers, () => whole);
      },
    });
    await exchange.finished;
    return { body: parseOrUndefined(whole.text), text: whole.text, simulated };
  }

  /**
   * Who takes the body of a response: `take`'s, or one that fails the exchange with what the
   * response says.
   */
  accept(status: number, headers: ResponseHeaders, take: () => BodySink): BodySink {
    if (headers[instanceHeader] !== undefined) {
      throw new DriverFailure(
        'loop_detected',
        'this address answers as a Switchyard door, not as a backend',
      );
    }
    if (status >= 300) return new ErrorBody(status, headers, this.clock.nowMs(), this.codeOf);
    const encoding = headerOf(headers, 'content-encoding');
    if (encoding && encoding !== 'identity') {
      throw new DriverFailure('upstream_protocol', 'the backend sent a compressed answer unasked');
    }
    if (Number(headerOf(headers, 'content-length')) > this.responseBytesMax) {
      throw tooLarge(this.responseBytesMax);
    }
    return take();
  }

  /**
   * Runs the questions of a check: a failure becomes its result, anything else (the signal's
   * reason) is thrown.
   */
  async check(questions: () => Promise<CheckFindings>): Promise<CheckResult> {
    const startedMs = this.clock.monoMs();
    const durationMs = () => this.clock.monoMs() - startedMs;
    try {
      const findings = await questions();
      return { kind: 'passed', durationMs: durationMs(), ...findings };
    } catch (caught) {
      if (!(caught instanceof DriverFailure)) throw caught;
      const { code, message, retryAfterMs } = caught;
      return { kind: 'failed', durationMs: durationMs(), code, message, retryAfterMs };
    }
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  #exchange(options: Omit<ExchangeOptions, 'dispatcher' | 'pool'>): Exchange {
    return new Exchange({ dispatcher: this.#dispatcher, pool: this.#options.pool, ...options });
  }
}

/** The answer to a question of a check; `body` is undefined where it was not JSON. */
export type Answer = {
  readonly body: unknown;
  readonly text: string;
  readonly simulated: boolean;
};

/** What a check that passed has to say. */
export type CheckFindings = Omit<Extract<CheckResult, { kind: 'passed' }>, 'kind' | 'durationMs'>;

/** True where a response says that it comes from a simulation. */
export const isSimulated = (headers: ResponseHeaders): boolean =>
  headerOf(headers, simulatedHeader) === 'true';
