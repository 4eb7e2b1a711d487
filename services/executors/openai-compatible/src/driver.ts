import {
  type AttemptRequest,
  BackendLink,
  type DriverCapabilities,
  type DriverEvent,
  type DriverOptions,
  type BackendDriver,
  type CheckResult,
  requestStream,
  requestWhole,
} from '@switchyard/drivers';
import { checkServer } from './driver-check.js';
import { pathOf, requestBody } from './driver-request.js';
import { resultOfWhole } from './driver-result.js';
import { SseAnswer } from './driver-stream.js';

const capabilities: DriverCapabilities = {
  kinds: ['chat', 'completion', 'embedding'],
  streamedKinds: ['chat', 'completion'],
  cancels: true,
};

/**
 * Speaks OpenAI's protocol as vLLM, llama.cpp, LM Studio, SGLang and OpenAI itself do. The caller's
 * body and the backend's answer pass as they are; usage is always asked for, and hidden from
 * callers who did not ask.
 */
export class OpenAiCompatibleDriver implements BackendDriver {
  readonly capabilities = capabilities;
  readonly #link: BackendLink;

  constructor(options: DriverOptions) {
    this.#link = new BackendLink(options);
  }

  check(signal: AbortSignal): Promise<CheckResult> {
    return this.#link.check(() => checkServer(this.#link, signal));
  }

  start(attempt: AttemptRequest, signal: AbortSignal): AsyncGenerator<DriverEvent> {
    return attempt.stream ? this.#stream(attempt, signal) : this.#whole(attempt, signal);
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async *#whole(attempt: AttemptRequest, signal: AbortSignal): AsyncGenerator<DriverEvent> {
    const request = {
      path: this.#link.basePath + pathOf[attempt.dialect],
      body: requestBody(attempt),
    };
    const answer = await requestWhole(this.#link, attempt, request, signal);
    yield { ...resultOfWhole(attempt, answer.body), simulated: answer.simulated };
  }

  #stream(attempt: AttemptRequest, signal: AbortSignal): AsyncGenerator<DriverEvent> {
    const request = {
      path: this.#link.basePath + pathOf[attempt.dialect],
      body: requestBody(attempt),
    };
    const limit = this.#link.lineCharactersMax;
    return requestStream(this.#link, attempt, request, signal, {
      contentType: 'text/event-stream',
      parserOf: (emit) => new SseAnswer(attempt, emit, limit),
    });
  }
}
