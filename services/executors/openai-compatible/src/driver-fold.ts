import { isJsonObject, type JsonObject, type JsonValue } from '@switchyard/drivers';

/** What one chunk brought. */
export type ChunkGain = {
  /** UTF-16 units of answer text. */
  readonly characters: number;
  readonly hasContent: boolean;
};

type Choice = {
  readonly fields: JsonObject;
  readonly message: JsonObject;
  finishReason: string | null;
};

/**
 * Fields of a delta that name something once; every other string field grows by what each chunk
 * adds.
 */
const namedOnce = new Set(['role', 'id', 'type', 'name']);

/**
 * The chunks of a streamed chat or completion, put together into the answer that the same request
 * would have had without streaming. Fields that we do not know are kept: strings grow, everything
 * else is replaced.
 */
export class ChunkFold {
  readonly #head: JsonObject = {};
  readonly #choices: Choice[] = [];
  readonly #byIndex = new Map<number, Choice>();
  #hasContent = false;
  usage: JsonValue | undefined;
  timings: JsonValue | undefined;

  constructor(private readonly form: 'chat' | 'completion') {}

  /** The first choice's reason, where it has come. */
  get finishReason(): string | undefined {
    return this.#choices[0]?.finishReason ?? undefined;
  }

  /** True where something made by the model has come. */
  get hasContent(): boolean {
    return this.#hasContent;
  }

  /** True where at least one choice began and every choice has ended. */
  get isComplete(): boolean {
    return (
      this.#choices.length > 0 && this.#choices.every((choice) => choice.finishReason !== null)
    );
  }

  get backendModel(): string | undefined {
    return typeof this.#head.model === 'string' ? this.#head.model : undefined;
  }

  add(chunk: JsonObject): ChunkGain {
    for (const name in chunk) {
      const value = chunk[name] as JsonValue;
      if (name === 'choices' || name === 'obfuscation' || value === null) continue;
      if (name === 'usage') this.usage = value;
      else if (name === 'timings') this.timings = value;
      else if (this.#head[name] === undefined) this.#head[name] = value;
    }
    let characters = 0;
    let hasContent = false;
    const { choices } = chunk;
    if (!Array.isArray(choices)) return { characters, hasContent };
    for (const choice of choices) {
      if (!isJsonObject(choice)) continue;
      const gain = this.#addChoice(choice);
      characters += gain.characters;
      hasContent ||= gain.hasContent;
    }
    this.#hasContent ||= hasContent;
    return { characters, hasContent };
  }

  /** The whole answer so far. */
  body(): JsonObject {
    const { object: _object, ...head } = this.#head;
    const choices = [...this.#choices]
      .sort((a, b) => Number(a.fields.index) - Number(b.fields.index))
      .map((choice) => this.#whole(choice));
    const object = this.form === 'chat' ? 'chat.completion' : 'text_completion';
    const body: JsonObject = { ...head, object, choices };
    if (this.usage !== undefined) body.usage = this.usage;
    if (this.timings !== undefined) body.timings = this.timings;
    return body;
  }

  #addChoice(chunk: JsonObject): ChunkGain {
    const choice = this.#choiceAt(typeof chunk.index === 'number' ? chunk.index : 0);
    if (typeof chunk.finish_reason === 'string') choice.finishReason = chunk.finish_reason;
    if (isJsonObject(chunk.logprobs)) addLogprobs(choice.fields, chunk.logprobs);
    if (this.form === 'completion') return addText(choice.message, chunk.text);
    return isJsonObject(chunk.delta) ? addDelta(choice.message, chunk.delta) : nothing;
  }

  #choiceAt(index: number): Choice {
    let choice = this.#byIndex.get(index);
    if (!choice) {
      choice = { fields: { index }, message: {}, finishReason: null };
      this.#byIndex.set(index, choice);
      this.#choices.push(choice);
    }
    return choice;
  }

  #whole({ fields, message, finishReason }: Choice): JsonObject {
    const { index, ...rest } = fields;
    if (this.form === 'completion') {
      return { index: index ?? 0, text: message.text ?? '', ...rest, finish_reason: finishReason };
    }
    const { content, role, ...others } = message;
    const said: JsonObject = { role: role ?? 'assistant', content: content ?? null, ...others };
    if (said.content === '' && said.tool_calls !== undefined) said.content = null;
    return { index: index ?? 0, message: said, ...rest, finish_reason: finishReason };
  }
}

const nothing: ChunkGain = { characters: 0, hasContent: false };

function addText(message: JsonObject, text: JsonValue | undefined): ChunkGain {
  if (typeof text !== 'string' || text === '') return nothing;
  message.text = ((message.text as string | undefined) ?? '') + text;
  return { characters: text.length, hasContent: true };
}

function addDelta(message: JsonObject, delta: JsonObject): ChunkGain {
  let characters = 0;
  let hasContent = false;
  for (const name in delta) {
    const value = delta[name] as JsonValue;
    if (name === 'tool_calls' && Array.isArray(value)) {
      message.tool_calls = addToolCalls(message.tool_calls, value);
      hasContent ||= value.length > 0;
    } else if (typeof value === 'string' && !namedOnce.has(name)) {
      const before = message[name];
      message[name] = typeof before === 'string' ? before + value : value;
      if (name === 'content') characters += value.length;
      if (value !== '') hasContent = true;
    } else if (isJsonObject(value)) {
      message[name] = grow(message[name], value);
      hasContent = true;
    } else if (value !== null) message[name] = value;
  }
  return { characters, hasContent };
}

/**
 * Merges the pieces of tool calls by their index; a piece without one belongs to the place it
 * stands at.
 */
function addToolCalls(before: JsonValue | undefined, pieces: readonly JsonValue[]): JsonValue[] {
  const calls = Array.isArray(before) ? before : [];
  for (const [place, piece] of pieces.entries()) {
    if (!isJsonObject(piece)) continue;
    const { index, ...fields } = piece;
    const at = typeof index === 'number' && index >= 0 && index <= calls.length ? index : place;
    calls[at] = grow(calls[at], fields);
  }
  return calls;
}

/** `before` with what `piece` adds: strings grow, names stay, objects are grown in turn. */
function grow(before: JsonValue | undefined, piece: JsonObject): JsonObject {
  const whole = isJsonObject(before) ? before : {};
  for (const name in piece) {
    const value = piece[name] as JsonValue;
    const old = whole[name];
    if (isJsonObject(value)) whole[name] = grow(old, value);
    else if (typeof value === 'string' && typeof old === 'string') {
      if (!namedOnce.has(name)) whole[name] = old + value;
      else if (value !== '') whole[name] = value;
    } else if (value !== null || old === undefined) whole[name] = value;
  }
  return whole;
}

function addLogprobs(fields: JsonObject, logprobs: JsonObject): void {
  const whole = isJsonObject(fields.logprobs) ? fields.logprobs : {};
  for (const [name, value] of Object.entries(logprobs)) {
    const before = whole[name];
    whole[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
  fields.logprobs = whole;
}
