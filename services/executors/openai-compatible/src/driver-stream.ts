import {
  type AnswerParser,
  type AttemptRequest,
  DriverFailure,
  type Emit,
  failureInBody,
  isJsonObject,
  type JsonObject,
  parseOrUndefined,
} from '@switchyard/drivers';
import { createParser, type EventSourceParser, type ParseError } from 'eventsource-parser';
import { ChunkFold } from './driver-fold.js';
import { wantsUsageChunk } from './driver-request.js';
import { timingsOf } from './driver-result.js';
import { usageOf } from './driver-usage.js';

/**
 * A streamed answer as server-sent events. Chunks pass as the texts they are; comments are skipped,
 * and the chunk that only carries usage is hidden unless the caller asked for it. Complete means
 * `[DONE]`, or, for servers that leave it out, a finish reason for every choice: a stream that ends
 * before is a failure.
 */
export class SseAnswer implements AnswerParser {
  readonly #fold: ChunkFold;
  readonly #parser: EventSourceParser;
  readonly #hidesUsage: boolean;
  #isDone = false;
  #failure: DriverFailure | undefined;

  constructor(
    private readonly attempt: AttemptRequest,
    private readonly emit: Emit,
    charactersMax: number,
  ) {
    this.#fold = new ChunkFold(attempt.dialect === 'openai.chat' ? 'chat' : 'completion');
    this.#hidesUsage = !wantsUsageChunk(attempt.body);
    this.#parser = createParser({
      onEvent: (event) => this.#take(event.data, event.event),
      onError: (error) => this.#refuse(error, charactersMax),
      maxBufferSize: charactersMax,
    });
  }

  feed(text: string): void {
    this.#parser.feed(text);
    if (this.#failure) throw this.#failure;
  }

  end(): void {
    if (this.#isDone || this.#fold.isComplete) return;
    throw new DriverFailure(
      'upstream_protocol',
      "the backend's stream ended before the answer was complete",
    );
  }

  result() {
    const fold = this.#fold;
    const body = fold.body();
    return {
      body,
      ...usageOf(body, this.attempt),
      finishReason: fold.finishReason ?? '',
      backendModel: fold.backendModel ?? this.attempt.model,
      timings: timingsOf(fold.timings),
    };
  }

  partial() {
    if (!this.#fold.hasContent) return undefined;
    const partialBody = this.#fold.body();
    const { usage, partialUsage } = usageOf(partialBody, this.attempt);
    return { partialBody, partialUsage: usage ?? partialUsage };
  }

  #take(data: string, event: string | undefined): void {
    if (this.#isDone || this.#failure) return;
    if (data === '[DONE]') {
      this.#isDone = true;
      return;
    }
    const chunk = parseOrUndefined(data);
    if (!isJsonObject(chunk)) {
      this.#failure = new DriverFailure(
        'upstream_protocol',
        'the backend sent a chunk that is not a JSON object',
      );
    } else if (event === 'error' || (chunk.error !== undefined && chunk.error !== null)) {
      this.#failure = failureInBody(chunk.error === undefined ? { error: chunk } : chunk);
    } else {
      this.#pass(data, chunk);
    }
  }

  #pass(data: string, chunk: JsonObject): void {
    const { characters, hasContent } = this.#fold.add(chunk);
    const isUsageOnly =
      isJsonObject(chunk.usage) && Array.isArray(chunk.choices) && chunk.choices.length === 0;
    if (isUsageOnly && this.#hidesUsage) return;
    this.emit(data, characters, hasContent);
  }

  #refuse(error: ParseError, charactersMax: number): void {
    // Unknown fields and bad retry values are to be ignored, as the standard has it.
    if (error.type !== 'max-buffer-size-exceeded') return;
    this.#failure = new DriverFailure(
      'upstream_protocol',
      `the backend sent an event longer than ${charactersMax} characters`,
    );
  }
}
