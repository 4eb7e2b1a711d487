import {
  type AttemptRequest,
  ConnectionPool,
  type DriverEvent,
  type JsonObject,
} from '@switchyard/drivers';
import { type FakeBackend, type FakeOptions, startFakeOllama } from '@switchyard/testing/fakes';
import { OllamaDriver } from './driver.js';

const chat = (stream: boolean, model = 'sim-chat'): AttemptRequest => ({
  jobId: 'job-1',
  attemptNo: 2,
  kind: 'chat',
  dialect: 'openai.chat',
  model,
  body: { model: 'alias', messages: [{ role: 'user', content: 'hello' }] },
  stream,
  timeouts: { firstByteMs: 5_000, totalMs: 10_000 },
});
const { signal } = new AbortController();

describe('OllamaDriver', () => {
  let fake: FakeBackend;
  let driver: OllamaDriver;
  const start = async (options: FakeOptions = {}) => {
    fake = await startFakeOllama(options);
    const backend = { id: 'b', endpointUrl: fake.url, connectTimeoutMs: 1_000 };
    driver = new OllamaDriver({ backend, pool: new ConnectionPool() });
  };
  afterEach(async () => {
    await driver.close();
    await fake.stop();
  });
  const collect = async (attempt: AttemptRequest) => {
    const all: DriverEvent[] = [];
    for await (const event of driver.start(attempt, signal)) all.push(event);
    return all;
  };

  it('gives chunks as OpenAI does: the role once, then content, then the reason', async () => {
    await start({ outputTokens: 2 });
    const events = await collect(chat(true));
    const chunks = events.flatMap((event) => (event.kind === 'events' ? event.events : []));
    const created = expect.any(Number);
    const head = {
      id: 'chatcmpl-job-1-2',
      object: 'chat.completion.chunk',
      created,
      model: 'sim-chat',
    };
    const choice = (delta: JsonObject, finish_reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    });
    expect(chunks.map((text) => JSON.parse(text))).toEqual([
      choice({ role: 'assistant', content: 'the' }),
      choice({ content: ' switch' }),
      choice({}, 'stop'),
    ]);
  });

  it('knows which models embed and which are in memory, and their names without :latest', async () => {
    await start({ models: ['llama3.2:latest', 'qwen3:8b', 'nomic-embed-text:v1.5'] });
    const found = await driver.check(signal);
    expect(found).toMatchObject({ kind: 'passed', server: 'ollama', version: '0.12.6' });
    const models = found.kind === 'passed' ? found.catalogue.models : [];
    const all = ['chat', 'completion', 'embedding'];
    expect(models).toEqual([
      { id: 'llama3.2', kinds: all, isResident: true },
      { id: 'llama3.2:latest', kinds: all, isResident: true },
      { id: 'qwen3:8b', kinds: all, isResident: false },
      { id: 'nomic-embed-text:v1.5', kinds: ['embedding'], isResident: false },
    ]);
  });

  it('gives its own durations in milliseconds', async () => {
    await start();
    const [result] = await collect(chat(false));
    expect(result).toMatchObject({ timings: { loadMs: 1, promptMs: 1, generationMs: 3 } });
  });

  it('reports the output alone where the prompt count is missing', async () => {
    await start();
    const body = {
      model: 'm',
      message: { content: 'x' },
      done: true,
      done_reason: 'stop',
      eval_count: 3,
    };
    await fake.set({ all: { kind: 'status', status: 200, body: JSON.stringify(body) } });
    const [result] = await collect(chat(false));
    expect(result).toMatchObject({ usage: undefined, partialUsage: { outputTokens: 3 } });
  });

  it.each([
    [
      'a busy server',
      { kind: 'status', status: 503, body: '{"error":"server busy, please try again."}' },
      'rate_limited',
    ],
    [
      'a model that vanished',
      { kind: 'errorInStream', message: "model 'x' not found, try pulling it first" },
      'upstream_model_missing',
    ],
    [
      'a fault of the runner',
      { kind: 'errorInStream', message: 'llama runner process has terminated' },
      'upstream_error',
    ],
  ] as const)('tells %s', async (_title, fault, code) => {
    await start();
    await fake.set({ all: fault });
    await expect(collect(chat(true))).rejects.toMatchObject({ code });
  });

  it.each(['openai.chat', 'openai.embedding'] as const)(
    'takes no empty object for an answer: %s',
    async (dialect) => {
      await start();
      await fake.set({ all: { kind: 'status', status: 200, body: '{}' } });
      const attempt = { ...chat(false), dialect, body: { messages: [], input: 'a' } };
      await expect(collect(attempt)).rejects.toMatchObject({ code: 'upstream_protocol' });
    },
  );

  it('fails on a model that is not there', async () => {
    await start();
    await expect(collect(chat(false, 'missing'))).rejects.toMatchObject({
      code: 'upstream_model_missing',
    });
  });

  it('refuses what Ollama has no form for before it calls', async () => {
    await start();
    const attempt = { ...chat(false), body: { n: 3, messages: [] } };
    await expect(collect(attempt)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(fake.counts.calls).toBe(0);
  });
});
