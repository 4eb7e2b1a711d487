import {
  type AttemptDialect,
  type AttemptRequest,
  type BackendDriver,
  BackendLink,
  type CheckResult,
  type DriverCapabilities,
  type DriverEvent,
  type DriverOptions,
  requestStream,
  requestWhole,
} from '@switchyard/drivers';
import { checkOllama } from './driver-check.js';
import { codeOfOllama, failureOfOllama } from './driver-failure.js';
import { requestOf } from './driver-request.js';
import { OllamaAnswer } from './driver-stream.js';
import { resultOfEmbed, resultOfWhole } from './driver-result.js';

const capabilities: DriverCapabilities = {
  kinds: ['chat', 'completion', 'embedding'],
  streamedKinds: ['chat', 'completion'],
  cancels: true,
};

const pathOf: Readonly<Record<AttemptDialect, string>> = {
  'openai.chat': '/api/chat',
  'openai.completion': '/api/generate',
  'openai.embedding': '/api/embed',
};

/**
 * Speaks Ollama's own protocol and gives answers in the caller's. The own protocol is used instead
 * of Ollama's OpenAI-compatible one because only it takes options such as `num_ctx` and says which
 * models are in memory.
 */
export class OllamaDriver implements BackendDriver {
  readonly capabilities = capabilities;
  readonly #link: BackendLink;

  constructor(options: DriverOptions) {
    this.#link = new BackendLink(options, codeOfOllama);
  }

  check(signal: AbortSignal): Promise<CheckResult> {
    return this.#link.check(() => checkOllama(this.#link, signal));
  }

  async *start(attempt: AttemptRequest, signal: AbortSignal): AsyncGenerator<DriverEvent> {
    const request = {
      path: this.#link.basePath + pathOf[attempt.dialect],
      body: requestOf(attempt),
    };
    const createdAtS = Math.floor(this.#link.clock.nowMs() / 1_000);
    try {
      if (attempt.stream) {
        const limit = this.#link.lineCharactersMax;
        yield* requestStream(this.#link, attempt, request, signal, {
          contentType: 'application/x-ndjson',
          parserOf: (emit) =>
            new OllamaAnswer({ attempt, emit, createdAtS, lineCharactersMax: limit }),
        });
        return;
      }
      const { body, simulated } = await requestWhole(this.#link, attempt, request, signal);
      const resultOf = attempt.dialect === 'openai.embedding' ? resultOfEmbed : resultOfWhole;
      yield { ...resultOf(attempt, body, createdAtS), simulated };
    } catch (caught) {
      throw failureOfOllama(caught);
    }
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
