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
import {
  answerId,
  bodyOf,
  finishReasonOf,
  openAiUsage,
  resultOf,
  toolCallsOf,
  usageOf,
} from './driver-result.js';

/** What the answer to one attempt is read with. */
export type OllamaAnswerOptions = {
  readonly attempt: AttemptRequest;
  readonly emit: Emit;
  readonly createdAtS: number;
  readonly lineCharactersMax: number;
};

/**
 * A streamed answer as lines of JSON, given on as OpenAI's chunks. Complete means an object with
 * `done: true`; an object with `error`, which Ollama sends under HTTP 200, fails the attempt.
 */
export class OllamaAnswer implements AnswerParser {
  readonly #isChat: boolean;
  readonly #wantsUsage: boolean;
  #line = '';
  #head = '';
  #text = '';
  #thinking = '';
  readonly #toolCalls: JsonObject[] = [];
  #last: JsonObject | undefined;
  #hasBegun = false;

  constructor(private readonly options: OllamaAnswerOptions) {
    const { dialect, body } = options.attempt;
    this.#isChat = dialect === 'openai.chat';
    this.#wantsUsage =
      (body.stream_options as JsonObject | null | undefined)?.include_usage === true;
  }

  feed(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#takeLine(this.#line + text.slice(from, end));
      this.#line = '';
      from = end + 1;
    }
    this.#line += text.slice(from);
    const { lineCharactersMax } = this.options;
    if (this.#line.length > lineCharactersMax) {
      throw new DriverFailure(
        'upstream_protocol',
        `the backend sent a line longer than ${lineCharactersMax} characters`,
      );
    }
  }

  end(): void {
    this.#takeLine(this.#line);
    if (this.#last) return;
    throw new DriverFailure(
      'upstream_protocol',
      "the backend's stream ended before the answer was complete",
    );
  }

  result() {
    const { attempt, createdAtS } = this.options;
    return resultOf(attempt, createdAtS, this.#said());
  }

  partial() {
    const said = this.#said();
    if (said.text + said.thinking === '' && said.toolCalls.length === 0) return undefined;
    const { attempt, createdAtS } = this.options;
    const parts = { createdAtS, said, finishReason: null, usage: undefined };
    return { partialBody: bodyOf(attempt, { ...parts, backendModel: attempt.model }) };
  }

  #said() {
    const { attempt } = this.options;
    const last = this.#last ?? { model: attempt.model };
    return { text: this.#text, thinking: this.#thinking, toolCalls: this.#toolCalls, last };
  }

  #takeLine(line: string): void {
    const text = line.trim();
    if (text === '' || this.#last) return;
    const object = parseOrUndefined(text);
    if (!isJsonObject(object)) {
      throw new DriverFailure(
        'upstream_protocol',
        'the backend sent a line that is not a JSON object',
      );
    }
    if (object.error !== undefined) throw failureInBody(object);
    if (this.#head === '') this.#head = this.#headOf(object);
    if (this.#isChat) this.#takeMessage(isJsonObject(object.message) ? object.message : {});
    else this.#takeText(object.response, object.thinking);
    if (object.done === true) this.#finish(object);
  }

  #takeMessage(message: JsonObject): void {
    this.#takeText(message.content, message.thinking);
    const calls = toolCallsOf(message.tool_calls, this.options.attempt, this.#toolCalls.length);
    if (calls.length === 0) return;
    this.#toolCalls.push(...calls);
    this.#send(`"tool_calls":${JSON.stringify(calls)}`, 0, true);
  }

  #takeText(text: unknown, thinking: unknown): void {
    if (typeof thinking === 'string' && thinking !== '') {
      this.#thinking += thinking;
      if (this.#isChat) this.#send(`"reasoning_content":${JSON.stringify(thinking)}`, 0, true);
    }
    if (typeof text !== 'string' || text === '') return;
    this.#text += text;
    if (this.#isChat) this.#send(`"content":${JSON.stringify(text)}`, text.length, true);
    else this.#emitChoice(`"text":${JSON.stringify(text)}`, 'null', text.length, true);
  }

  #finish(last: JsonObject): void {
    this.#last = last;
    const reason = finishReasonOf({ toolCalls: this.#toolCalls, last });
    this.#emitChoice(this.#isChat ? '"delta":{}' : '"text":""', JSON.stringify(reason), 0, false);
    const { usage } = usageOf(last);
    if (!usage || !this.#wantsUsage) return;
    this.options.emit(
      `${this.#head},"choices":[],"usage":${JSON.stringify(openAiUsage(usage))}}`,
      0,
      false,
    );
  }

  #send(delta: string, characters: number, hasContent: boolean): void {
    const role = this.#hasBegun ? '' : '"role":"assistant",';
    this.#hasBegun = true;
    this.#emitChoice(`"delta":{${role}${delta}}`, 'null', characters, hasContent);
  }

  #emitChoice(fields: string, finishReason: string, characters: number, hasContent: boolean): void {
    const choice = `{"index":0,${fields},"logprobs":null,"finish_reason":${finishReason}}`;
    this.options.emit(`${this.#head},"choices":[${choice}]}`, characters, hasContent);
  }

  /** What every chunk of this answer begins with. */
  #headOf(object: JsonObject): string {
    const { attempt, createdAtS } = this.options;
    const head = {
      id: answerId(attempt),
      object: this.#isChat ? 'chat.completion.chunk' : 'text_completion',
      created: createdAtS,
      model: typeof object.model === 'string' ? object.model : attempt.model,
    };
    return JSON.stringify(head).slice(0, -1);
  }
}
