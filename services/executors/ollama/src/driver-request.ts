import {
  type AttemptRequest,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from '@switchyard/drivers';
import { invalid, ollamaMessages } from './driver-messages.js';

/** OpenAI's names of sampling settings to Ollama's options. */
const optionNames: Readonly<Record<string, string>> = {
  max_tokens: 'num_predict',
  max_completion_tokens: 'num_predict',
  temperature: 'temperature',
  top_p: 'top_p',
  top_k: 'top_k',
  min_p: 'min_p',
  seed: 'seed',
  frequency_penalty: 'frequency_penalty',
  presence_penalty: 'presence_penalty',
  repeat_penalty: 'repeat_penalty',
  stop: 'stop',
};

/** Fields that are read here and must not travel on under their own names. */
const readHere = new Set(
  Object.keys(optionNames).concat(
    ['model', 'stream', 'stream_options', 'response_format', 'n', 'tools', 'tool_choice'],
    ['reasoning_effort', 'options', 'messages', 'prompt', 'input', 'encoding_format', 'user'],
  ),
);

/**
 * The body of the request to Ollama. Sampling settings become `options`; whatever the caller put
 * into `options` itself wins. Fields that neither we nor OpenAI know (`keep_alive`, `think`,
 * `num_ctx` in `options`, `raw` ...) travel on as they are. Throws invalid_request for what Ollama
 * has no form for.
 */
export function requestOf(attempt: AttemptRequest): JsonObject {
  const { body, model, stream, dialect } = attempt;
  const request: JsonObject = { model };
  for (const name in body) {
    if (!readHere.has(name)) request[name] = body[name] as JsonValue;
  }
  const options = optionsOf(body);
  if (Object.keys(options).length > 0) request.options = options;
  if (dialect === 'openai.embedding') return { ...request, input: inputOf(body.input) };
  if (typeof body.n === 'number' && body.n > 1)
    throw invalid('n', 'Ollama gives one answer at a time');
  request.stream = stream;
  const format = formatOf(body.response_format);
  if (format !== undefined) request.format = format;
  const think = thinkOf(body.reasoning_effort);
  if (think !== undefined && request.think === undefined) request.think = think;
  if (dialect === 'openai.completion') return { ...request, prompt: promptOf(body.prompt) };
  if (Array.isArray(body.tools) && body.tool_choice !== 'none') request.tools = body.tools;
  return { ...request, messages: ollamaMessages(body.messages) };
}

function optionsOf(body: JsonObject): JsonObject {
  const options: JsonObject = {};
  for (const name in optionNames) {
    const value = body[name];
    if (value !== undefined && value !== null) options[optionNames[name] as string] = value;
  }
  if (typeof options.stop === 'string') options.stop = [options.stop];
  return isJsonObject(body.options) ? { ...options, ...body.options } : options;
}

function formatOf(format: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(format)) return undefined;
  if (format.type === 'json_object') return 'json';
  if (format.type !== 'json_schema') return undefined;
  const schema = isJsonObject(format.json_schema) ? format.json_schema.schema : undefined;
  if (!isJsonObject(schema))
    throw invalid('response_format.json_schema.schema', 'must be an object');
  return schema;
}

const thinkOf = (effort: JsonValue | undefined): JsonValue | undefined => {
  if (effort === 'none') return false;
  return effort === 'low' || effort === 'medium' || effort === 'high' ? effort : undefined;
};

function promptOf(prompt: JsonValue | undefined): string {
  const only = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
  if (typeof only !== 'string') throw invalid('prompt', 'Ollama takes one text');
  return only;
}

function inputOf(input: JsonValue | undefined): JsonValue {
  if (typeof input === 'string') return input;
  if (!Array.isArray(input) || !input.every((text) => typeof text === 'string')) {
    throw invalid('input', 'Ollama takes a text or a list of texts');
  }
  return input;
}
