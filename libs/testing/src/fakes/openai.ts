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
 * Starts a fake OpenAI-compatible server: chat, completions, embeddings, models, health; `/props`
 * as llama.cpp.
 */
export const startFakeOpenAi = (options: FakeOptions = {}): Promise<FakeBackend> =>
  startFake('openai', openAiWire(options), options);

const created = 1_760_000_000;
const fingerprint = '"system_fingerprint":"fp_simulated"';

const openAiWire = (options: FakeOptions): Wire => ({
  inferencePaths: new Set(['/v1/chat/completions', '/v1/completions', '/v1/embeddings']),
  streamType: 'text/event-stream',
  oddFrame:
    ': ping\n\nevent: message\r\ndata: {"id":"odd","object":"chat.completion.chunk"}\r\n\r\n',
  busy: { status: 429, message: 'Too many concurrent requests' },
  frameOf: (text) => `data: ${text}\n\n`,
  error: (status, message) => {
    const type = status >= 500 ? 'server_error' : 'invalid_request_error';
    const code = status === 404 ? 'model_not_found' : status >= 500 ? status : null;
    return JSON.stringify({ error: { message, type, param: null, code } });
  },
  check: (method, path) => (method === 'GET' ? checkOf(path, options) : undefined),
  reply,
});

const owners = { openai: 'openai', vllm: 'vllm', 'llama.cpp': 'llamacpp' } as const;

function checkOf(path: string, options: FakeOptions): string | undefined {
  const flavour = options.flavour ?? 'openai';
  if (path === '/health') return '{"status":"ok"}';
  if (path === '/props' && flavour === 'llama.cpp') {
    return JSON.stringify({ total_slots: options.maxConcurrent ?? 4, build_info: 'b0-simulated' });
  }
  if (path === '/metrics' && flavour !== 'openai') return metricsOf(flavour, options);
  if (path !== '/v1/models') return undefined;
  const data = (options.models ?? defaultModels).map((id) => ({
    id,
    object: 'model',
    created,
    owned_by: owners[flavour],
    ...(flavour === 'vllm' ? { max_model_len: 8_192 } : {}),
    ...(flavour === 'llama.cpp' ? { meta: { n_ctx_train: 4_096 } } : {}),
  }));
  return JSON.stringify({ object: 'list', data });
}

/** As the two write them: vLLM with labels, llama.cpp without. */
function metricsOf(flavour: 'vllm' | 'llama.cpp', { kvUsedRatio = 0 }: FakeOptions): string {
  const [name, labels] =
    flavour === 'vllm'
      ? ['vllm:gpu_cache_usage_perc', '{engine="0",model_name="sim-chat"}']
      : ['llamacpp:kv_cache_usage_ratio', ''];
  return `# HELP ${name} simulated\n# TYPE ${name} gauge\n${name}${labels} ${kvUsedRatio}\n`;
}

function reply(path: string, body: RequestBody, options: ReplyOptions): Reply {
  const model = body.model;
  if (typeof model !== 'string' || !options.models.includes(model)) {
    return refusal(404, `The model \`${String(model)}\` does not exist`);
  }
  if (path === '/v1/embeddings') return embeddings(model, body, options);
  if (path === '/v1/completions') return completion(model, body, options);
  if (!Array.isArray(body.messages)) return refusal(400, "'messages' is a required property");
  const { characters, lastUser, lastRole } = readMessages(body.messages);
  const made = produce(body, lastUser, options);
  const inputTokens = promptTokens(characters);
  const tools = body.tools as { function?: { name?: string; parameters?: unknown } }[] | undefined;
  if (tools?.length && lastRole !== 'tool' && body.tool_choice !== 'none') {
    const call = tools[0]?.function;
    const args = JSON.stringify(toolArguments(call?.parameters));
    return toolCall({ model, body, options, inputTokens, name: call?.name ?? '', args });
  }
  const counted = { inputTokens, outputTokens: made.tokens.length };
  if (body.stream === true) return stream('chat', model, body, options, { ...counted, ...made });
  const text = JSON.stringify(made.tokens.join(''));
  const message = `{"role":"assistant","content":${text},"refusal":null}`;
  const choice = `{"index":0,"message":${message},"logprobs":null,"finish_reason":"${made.finish}"}`;
  return whole('chat.completion', model, choice, counted, options);
}

function completion(model: string, body: RequestBody, options: ReplyOptions): Reply {
  const prompt = textOf(Array.isArray(body.prompt) ? body.prompt.join('') : body.prompt);
  const made = produce(body, prompt, options);
  const counted = { inputTokens: promptTokens(prompt.length), outputTokens: made.tokens.length };
  if (body.stream === true) return stream('text', model, body, options, { ...counted, ...made });
  const text = JSON.stringify(made.tokens.join(''));
  const choice = `{"index":0,"text":${text},"logprobs":null,"finish_reason":"${made.finish}"}`;
  return whole('text_completion', model, choice, counted, options);
}

type Produced = { readonly tokens: readonly string[]; readonly finish: 'stop' | 'length' };
type Counted = { readonly inputTokens: number; readonly outputTokens: number };

const producedWords = new Map<number, readonly string[]>();

function produce(body: RequestBody, lastUser: string, options: ReplyOptions): Produced {
  const limit = Number(body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY);
  const finish = limit < options.outputTokens ? 'length' : 'stop';
  const count = Math.min(limit, options.outputTokens);
  if (options.text === 'echo') return { tokens: echoTokens(lastUser, count), finish };
  let tokens = producedWords.get(count);
  if (!tokens) producedWords.set(count, (tokens = wordTokens(count)));
  return { tokens, finish };
}

function usageOf({ inputTokens, outputTokens }: Counted, more: ReplyOptions['usage']): string {
  const plain = `{"prompt_tokens":${inputTokens},"completion_tokens":${outputTokens},"total_tokens":${inputTokens + outputTokens},"prompt_tokens_details":{"cached_tokens":0}}`;
  return more ? JSON.stringify({ ...JSON.parse(plain), ...more }) : plain;
}

function whole(
  object: string,
  model: string,
  choice: string,
  counted: Counted,
  options: ReplyOptions,
): Reply {
  const usage = options.isUsageMissing ? '' : `,"usage":${usageOf(counted, options.usage)}`;
  const head = `{"id":"sim-1","object":"${object}","created":${created},"model":${JSON.stringify(model)}`;
  return {
    kind: 'whole',
    body: `${head},"choices":[${choice}],${fingerprint}${usage}}`,
    tokens: counted.outputTokens,
  };
}

type ChunkForm = 'chat' | 'text';

const chunkHead = (form: ChunkForm, model: string): string => {
  const object = form === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  return `data: {"id":"sim-1","object":"${object}","created":${created},"model":${JSON.stringify(model)},${fingerprint}`;
};

const asksForUsage = (body: RequestBody): boolean =>
  (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;

function endOfStream(
  head: string,
  body: RequestBody,
  options: ReplyOptions,
  counted: Counted,
): string {
  const usage = `${head},"choices":[],"usage":${usageOf(counted, options.usage)}}\n\n`;
  const isSent = asksForUsage(body) && !options.isUsageMissing;
  return `${isSent ? usage : ''}data: [DONE]\n\n`;
}

function stream(
  form: ChunkForm,
  model: string,
  body: RequestBody,
  options: ReplyOptions,
  made: Produced & Counted,
): Reply {
  const head = chunkHead(form, model);
  const rest = asksForUsage(body) ? ',"usage":null}\n\n' : '}\n\n';
  const frame = (delta: string, finish: string): string =>
    `${head},"choices":[{"index":0,${delta},"finish_reason":${finish}}]${rest}`;
  const isChat = form === 'chat';
  const tokens = made.tokens.map((token) =>
    frame(
      isChat ? `"delta":{"content":${JSON.stringify(token)}}` : `"text":${JSON.stringify(token)}`,
      'null',
    ),
  );
  const last = frame(isChat ? '"delta":{}' : '"text":""', `"${made.finish}"`);
  return {
    kind: 'stream',
    contentType: 'text/event-stream; charset=utf-8',
    head: isChat ? frame('"delta":{"role":"assistant","content":""}', 'null') : '',
    tokens,
    tail: last + endOfStream(head, body, options, made),
  };
}

type ToolCallParts = {
  readonly model: string;
  readonly body: RequestBody;
  readonly options: ReplyOptions;
  readonly inputTokens: number;
  readonly name: string;
  readonly args: string;
};

function toolCall({ model, body, options, inputTokens, name, args }: ToolCallParts): Reply {
  const counted = { inputTokens, outputTokens: Math.ceil(args.length / 4) + 4 };
  const call = { id: 'call_sim_1', type: 'function', function: { name, arguments: args } };
  if (body.stream !== true) {
    const message = `{"role":"assistant","content":null,"tool_calls":[${JSON.stringify(call)}]}`;
    const choice = `{"index":0,"message":${message},"logprobs":null,"finish_reason":"tool_calls"}`;
    return whole('chat.completion', model, choice, counted, options);
  }
  const head = chunkHead('chat', model);
  const frame = (delta: unknown, finish: string): string =>
    `${head},"choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${finish}}]}\n\n`;
  const opened = { ...call, index: 0, function: { name, arguments: '' } };
  const pieces = args.match(/.{1,8}/gs) ?? [];
  return {
    kind: 'stream',
    contentType: 'text/event-stream; charset=utf-8',
    head: frame({ role: 'assistant', content: null, tool_calls: [opened] }, 'null'),
    tokens: pieces.map((piece) =>
      frame({ tool_calls: [{ index: 0, function: { arguments: piece } }] }, 'null'),
    ),
    tail: frame({}, '"tool_calls"') + endOfStream(head, body, options, counted),
  };
}

function embeddings(model: string, body: RequestBody, options: ReplyOptions): Reply {
  const inputs = (Array.isArray(body.input) ? body.input : [body.input]).map(String);
  const dimensions = Number(body.dimensions ?? 8);
  const data = inputs.map((text, index) => {
    const vector = embed(text, dimensions);
    const embedding = body.encoding_format === 'base64' ? base64Of(vector) : vector;
    return { object: 'embedding', index, embedding };
  });
  const prompt_tokens = promptTokens(inputs.join('').length);
  const usage = options.isUsageMissing
    ? {}
    : { usage: { prompt_tokens, total_tokens: prompt_tokens, ...options.usage } };
  return {
    kind: 'whole',
    body: JSON.stringify({ object: 'list', data, model, ...usage }),
    tokens: 1,
  };
}

const base64Of = (vector: readonly number[]): string =>
  Buffer.from(Float32Array.from(vector).buffer).toString('base64');

const refusal = (status: number, message: string): Reply => ({
  kind: 'error',
  status,
  body: JSON.stringify({
    error: {
      message,
      type: 'invalid_request_error',
      param: null,
      code: status === 404 ? 'model_not_found' : null,
    },
  }),
});
