import {
  type AttemptRequest,
  type BackendTimings,
  countOf,
  DriverFailure,
  type DriverResult,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type PartialUsage,
} from '@switchyard/drivers';
import type { Usage } from '@switchyard/domain';

/** OpenAI's answer to a chat or completion from Ollama's last object, or only one. */
export function resultOfWhole(
  attempt: AttemptRequest,
  answer: JsonObject,
  createdAtS: number,
): DriverResult {
  if (answer.done !== true) {
    throw new DriverFailure(
      'upstream_protocol',
      'the backend answered with JSON that is no answer',
    );
  }
  const said = isJsonObject(answer.message) ? answer.message : {};
  const isChat = attempt.dialect === 'openai.chat';
  return resultOf(attempt, createdAtS, {
    text: textOf(isChat ? said.content : answer.response),
    thinking: textOf(isChat ? said.thinking : answer.thinking),
    toolCalls: toolCallsOf(said.tool_calls, attempt, 0),
    last: answer,
  });
}

/** What an answer said in all, and the object that ended it. */
export type Said = {
  readonly text: string;
  readonly thinking: string;
  readonly toolCalls: readonly JsonObject[];
  readonly last: JsonObject;
};

/** The result in the caller's dialect. */
export function resultOf(attempt: AttemptRequest, createdAtS: number, said: Said): DriverResult {
  const { last } = said;
  const reported = usageOf(last);
  const finishReason = finishReasonOf(said);
  const backendModel = typeof last.model === 'string' ? last.model : attempt.model;
  return {
    kind: 'result',
    body: bodyOf(attempt, { createdAtS, said, finishReason, usage: reported.usage, backendModel }),
    ...reported,
    finishReason,
    backendModel,
    timings: timingsOf(last),
  };
}

/** OpenAI's word for why an answer ended; `null` where it has not. */
export const finishReasonOf = ({ toolCalls, last }: Pick<Said, 'toolCalls' | 'last'>): string => {
  if (toolCalls.length > 0) return 'tool_calls';
  return last.done_reason === 'length' ? 'length' : 'stop';
};

type BodyParts = {
  readonly createdAtS: number;
  readonly said: Said;
  readonly finishReason: string | null;
  readonly usage: Usage | undefined;
  readonly backendModel: string;
};

/** The answer's body in OpenAI's form; also used for what a broken stream came to. */
export function bodyOf(attempt: AttemptRequest, parts: BodyParts): JsonObject {
  const { said, finishReason } = parts;
  const isChat = attempt.dialect === 'openai.chat';
  const choice: JsonObject = isChat
    ? { index: 0, message: messageOf(said), logprobs: null, finish_reason: finishReason }
    : { index: 0, text: said.text, logprobs: null, finish_reason: finishReason };
  return {
    id: answerId(attempt),
    object: isChat ? 'chat.completion' : 'text_completion',
    created: parts.createdAtS,
    model: parts.backendModel,
    choices: [choice],
    ...(parts.usage ? { usage: openAiUsage(parts.usage) } : {}),
  };
}

function messageOf({ text, thinking, toolCalls }: Said): JsonObject {
  return {
    role: 'assistant',
    content: text === '' && toolCalls.length > 0 ? null : text,
    ...(thinking === '' ? {} : { reasoning_content: thinking }),
    ...(toolCalls.length === 0
      ? {}
      : { tool_calls: toolCalls.map(({ index: _index, ...call }) => call) }),
  };
}

/** The id of an answer: the same in every chunk and on every reading. */
export const answerId = ({ dialect, jobId, attemptNo }: AttemptRequest): string =>
  `${dialect === 'openai.chat' ? 'chatcmpl' : 'cmpl'}-${jobId}-${attemptNo}`;

/** Usage in OpenAI's form. */
export const openAiUsage = ({ inputTokens, outputTokens }: Usage): JsonObject => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
});

/**
 * The counts of a last object. Ollama leaves `prompt_eval_count` out, or says 0, where the whole
 * prompt was cached: then only the output is known.
 */
export function usageOf(last: JsonObject): {
  usage: Usage | undefined;
  partialUsage?: PartialUsage;
} {
  const inputTokens = countOf(last.prompt_eval_count) || undefined;
  const outputTokens = countOf(last.eval_count);
  if (inputTokens === undefined && outputTokens === undefined) return { usage: undefined };
  if (inputTokens === undefined || outputTokens === undefined) {
    return { usage: undefined, partialUsage: { inputTokens, outputTokens } };
  }
  return { usage: { inputTokens, outputTokens, basis: 'reported' } };
}

/** Ollama counts in nanoseconds. */
const msOf = (nanoseconds: JsonValue | undefined): number | undefined => {
  const count = countOf(nanoseconds);
  return count === undefined ? undefined : count / 1e6;
};

const timingsOf = (last: JsonObject): BackendTimings => ({
  loadMs: msOf(last.load_duration),
  promptMs: msOf(last.prompt_eval_duration),
  generationMs: msOf(last.eval_duration),
});

/**
 * Ollama's tool calls in OpenAI's form: an id each, arguments as a text; `before` have come
 * already.
 */
export function toolCallsOf(
  calls: JsonValue | undefined,
  attempt: Pick<AttemptRequest, 'jobId'>,
  before: number,
): JsonObject[] {
  if (!Array.isArray(calls)) return [];
  return calls.filter(isJsonObject).map((call, at) => {
    const called = isJsonObject(call.function) ? call.function : {};
    const args =
      typeof called.arguments === 'string'
        ? called.arguments
        : JSON.stringify(called.arguments ?? {});
    const index = before + at;
    return {
      index,
      id:
        typeof call.id === 'string' && call.id !== '' ? call.id : `call_${attempt.jobId}_${index}`,
      type: 'function',
      function: { name: called.name ?? '', arguments: args },
    };
  });
}

/** OpenAI's answer to an embedding from Ollama's. */
export function resultOfEmbed(attempt: AttemptRequest, answer: JsonObject): DriverResult {
  const { embeddings } = answer;
  if (!Array.isArray(embeddings)) {
    throw new DriverFailure(
      'upstream_protocol',
      'the backend answered with JSON that is no answer',
    );
  }
  const isBase64 = attempt.body.encoding_format === 'base64';
  const data = embeddings.map((vector, index) => {
    if (!Array.isArray(vector))
      throw new DriverFailure('upstream_protocol', 'an embedding is not a list');
    return {
      object: 'embedding',
      index,
      embedding: isBase64 ? base64Of(vector as number[]) : vector,
    };
  });
  const inputTokens = countOf(answer.prompt_eval_count) || undefined;
  const usage: Usage | undefined =
    inputTokens === undefined ? undefined : { inputTokens, outputTokens: 0, basis: 'reported' };
  const backendModel = typeof answer.model === 'string' ? answer.model : attempt.model;
  const body: JsonObject = { object: 'list', data, model: backendModel };
  if (usage) body.usage = { prompt_tokens: usage.inputTokens, total_tokens: usage.inputTokens };
  return {
    kind: 'result',
    body,
    usage,
    ...(usage ? {} : { partialUsage: { outputTokens: 0 } }),
    finishReason: '',
    backendModel,
    timings: { loadMs: msOf(answer.load_duration) },
  };
}

const base64Of = (vector: readonly number[]): string =>
  Buffer.from(Float32Array.from(vector).buffer).toString('base64');

const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
