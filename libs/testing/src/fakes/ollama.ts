import {
  echoTokens,
  embed,
  promptTokens,
  readMessages,
  textOf,
  toolArguments,
  wordTokens,
} from './answer.js';
import type { FakeBackend, FakeOptions } from './options.js';
import { defaultModels, startFake } from './server.js';
import type { Reply, ReplyOptions, RequestBody, Wire } from './wire.js';

/**
 * Starts a fake Ollama: native chat, generate, embed, tags, ps, show, version; streams unless told
 * not to.
 */
export const startFakeOllama = (options: FakeOptions = {}): Promise<FakeBackend> =>
  startFake('ollama', ollamaWire(options), options);

const createdAt = '2025-10-09T08:53:20.123456789Z';
const streamType = 'application/x-ndjson';

const ollamaWire = (options: FakeOptions): Wire => ({
  inferencePaths: new Set(['/api/chat', '/api/generate', '/api/embed']),
  streamType,
  oddFrame: '\n\r\n',
  busy: {
    status: 503,
    message: 'server busy, please try again.  maximum pending requests exceeded',
  },
  frameOf: (text) => `${text}\n`,
  error: (_status, message) => JSON.stringify({ error: message }),
  check: (method, path, body) => checkOf(method, path, body, options),
  reply,
});

function checkOf(
  method: string,
  path: string,
  body: string,
  options: FakeOptions,
): string | undefined {
  const models = options.models ?? defaultModels;
  if (path === '/' && (method === 'GET' || method === 'HEAD')) return 'Ollama is running';
  if (path === '/api/version') return '{"version":"0.12.6"}';
  if (path === '/api/tags') return JSON.stringify({ models: models.map(tagOf) });
  if (path === '/api/ps') {
    const resident = models.slice(0, 1).map((model) => ({
      ...tagOf(model),
      expires_at: '2125-10-09T08:58:20Z',
      size_vram: 1_000_000_000,
    }));
    return JSON.stringify({ models: resident });
  }
  if (path === '/api/show' && method === 'POST') {
    const asked = (JSON.parse(body || '{}') as { model?: string }).model ?? '';
    if (!models.includes(asked)) return undefined;
    const capabilities = isEmbedder(asked) ? ['embedding'] : ['completion', 'tools'];
    const model_info = { 'general.architecture': 'sim', 'sim.context_length': 8_192 };
    return JSON.stringify({ details: tagOf(asked).details, model_info, capabilities });
  }
  return undefined;
}

const isEmbedder = (model: string): boolean => model.includes('embed');

const tagOf = (model: string) => ({
  name: model,
  model,
  modified_at: createdAt,
  size: 1_000_000_000,
  digest: Buffer.from(model.padEnd(32, '-')).toString('hex').slice(0, 64),
  details: {
    parent_model: '',
    format: 'gguf',
    family: isEmbedder(model) ? 'nomic-bert' : 'llama',
    families: [isEmbedder(model) ? 'nomic-bert' : 'llama'],
    parameter_size: '1B',
    quantization_level: 'Q4_K_M',
  },
});

function reply(path: string, body: RequestBody, options: ReplyOptions): Reply {
  const { model } = body;
  if (typeof model !== 'string' || model === '') return refusal(400, 'model is required');
  if (!options.models.includes(model)) return refusal(404, `model '${model}' not found`);
  if (path === '/api/embed') return embeddings(model, body, options);
  const isChat = path === '/api/chat';
  const prompt = textOf(body.prompt);
  const { characters, lastUser, lastRole } = readMessages(body.messages);
  const made = produce(body, isChat ? lastUser : prompt, options);
  const parts: Parts = {
    model: JSON.stringify(model),
    pieceOf: isChat
      ? (text) => `"message":{"role":"assistant","content":${JSON.stringify(text)}}`
      : (text) => `"response":${JSON.stringify(text)}`,
    isStreamed: body.stream !== false,
    inputTokens: options.isUsageMissing
      ? undefined
      : promptTokens(isChat ? characters : prompt.length),
  };
  const tools = body.tools as { function?: { name?: string; parameters?: unknown } }[] | undefined;
  const call = tools?.[0]?.function;
  if (isChat && call && lastRole !== 'tool') return toolCall(parts, call);
  return textReply(parts, made, options);
}

type Produced = { readonly tokens: readonly string[]; readonly finish: 'stop' | 'length' };
type Parts = {
  /** As JSON. */
  readonly model: string;
  readonly pieceOf: (text: string) => string;
  readonly isStreamed: boolean;
  readonly inputTokens: number | undefined;
};

const producedWords = new Map<number, readonly string[]>();

function produce(body: RequestBody, asked: string, options: ReplyOptions): Produced {
  const set = Number((body.options as { num_predict?: number } | undefined)?.num_predict ?? -1);
  const limit = set < 0 ? Number.POSITIVE_INFINITY : set;
  const finish = limit < options.outputTokens ? 'length' : 'stop';
  const count = Math.min(limit, options.outputTokens);
  if (options.text === 'echo') return { tokens: echoTokens(asked, count), finish };
  let tokens = producedWords.get(count);
  if (!tokens) producedWords.set(count, (tokens = wordTokens(count)));
  return { tokens, finish };
}

const lineHead = (parts: Parts): string => `{"model":${parts.model},"created_at":"${createdAt}"`;

/**
 * The counts and durations of the last object. Without usage the counts are what an old server
 * leaves out.
 */
function metrics(parts: Parts, outputTokens: number): string {
  const { inputTokens } = parts;
  const counts =
    inputTokens === undefined
      ? ''
      : `"prompt_eval_count":${inputTokens},"eval_count":${outputTokens},`;
  return `"total_duration":5000000,"load_duration":1000000,${counts}"prompt_eval_duration":1000000,"eval_duration":3000000`;
}

function textReply(parts: Parts, made: Produced, options: ReplyOptions): Reply {
  const head = lineHead(parts);
  const end = `"done":true,"done_reason":"${made.finish}",${metrics(parts, made.tokens.length)}}`;
  if (!parts.isStreamed) {
    const body = `${head},${parts.pieceOf(made.tokens.join(''))},${end}`;
    return { kind: 'whole', body, tokens: Math.min(made.tokens.length, options.outputTokens) };
  }
  return {
    kind: 'stream',
    contentType: streamType,
    head: '',
    tokens: made.tokens.map((token) => `${head},${parts.pieceOf(token)},"done":false}\n`),
    tail: `${head},${parts.pieceOf('')},${end}\n`,
  };
}

function toolCall(parts: Parts, call: { name?: string; parameters?: unknown }): Reply {
  const fields = { name: call.name ?? '', arguments: toolArguments(call.parameters) };
  const message = { role: 'assistant', content: '', tool_calls: [{ function: fields }] };
  const head = `${lineHead(parts)},"message":`;
  const end = `"done":true,"done_reason":"stop",${metrics(parts, 8)}}`;
  if (!parts.isStreamed)
    return { kind: 'whole', body: `${head}${JSON.stringify(message)},${end}`, tokens: 8 };
  return {
    kind: 'stream',
    contentType: streamType,
    head: '',
    tokens: [`${head}${JSON.stringify(message)},"done":false}\n`],
    tail: `${head}{"role":"assistant","content":""},${end}\n`,
  };
}

function embeddings(model: string, body: RequestBody, options: ReplyOptions): Reply {
  const inputs = (Array.isArray(body.input) ? body.input : [body.input]).map(String);
  const vectors = inputs.map((text) => embed(text, Number(body.dimensions ?? 8)));
  const count = options.isUsageMissing
    ? {}
    : { prompt_eval_count: promptTokens(inputs.join('').length) };
  const durations = { total_duration: 5_000_000, load_duration: 1_000_000 };
  return {
    kind: 'whole',
    body: JSON.stringify({ model, embeddings: vectors, ...durations, ...count }),
    tokens: 1,
  };
}

const refusal = (status: number, message: string): Reply => ({
  kind: 'error',
  status,
  body: JSON.stringify({ error: message }),
});
