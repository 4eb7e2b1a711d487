import { type FakeOptions, startFakeOpenAi } from '@switchyard/testing';
import OpenAI, {
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import { apiKeyOf, type HouseOptions, startHouse } from './house.js';
import { Started } from './started.js';
import { testBackend } from './yard.js';

const key = 'sy-key-of-the-sdk';
const chat = {
  model: 'sim-chat',
  messages: [{ role: 'user' as const, content: 'the wagon waits here' }],
};

const ids = ['one', 'two', 'three'];

/** One house whose backends are one fake server, and the SDK pointed at it. */
async function openHouse(
  started: Started,
  fakeOptions: FakeOptions,
  options: Partial<HouseOptions>,
) {
  const fake = started.keep(await startFakeOpenAi({ text: 'echo', ...fakeOptions }));
  // Three, for a backend that failed is left alone for a while.
  const backends = ids.map((id) => testBackend(id, fake.url));
  const house = started.keep(await startHouse({ backends, ...options }));
  const sdk = (apiKey = key) =>
    new OpenAI({ baseURL: `${house.url}/v1`, apiKey, maxRetries: 0, timeout: 20_000 });
  return { fake, house, client: sdk(), sdk };
}

describe('the openai SDK', () => {
  const started = new Started();
  let fake: Awaited<ReturnType<typeof startFakeOpenAi>>;
  let client: OpenAI;
  let sdk: (apiKey?: string) => OpenAI;
  beforeAll(async () => {
    const apiKeys = [apiKeyOf(key, 'team-a')];
    ({ fake, client, sdk } = await openHouse(started, {}, { apiKeys }));
  });
  afterAll(() => started.stop());
  afterEach(() => fake.reset());

  it('gets a chat answer, and where it came from', async () => {
    const { data, response } = await client.chat.completions.create(chat).withResponse();
    expect(data.choices[0]?.message.content).toBe('the wagon waits here');
    expect(data.usage?.completion_tokens).toBe(4);
    const told = ['job', 'backend', 'decision', 'attempts'].map((name) =>
      response.headers.get(`x-switchyard-${name}`),
    );
    expect(told).toEqual([
      expect.stringMatching(/^j[\w-]+$/),
      expect.stringMatching(/^(one|two|three)$/),
      expect.stringMatching(/^[\w.-]+$/),
      '1',
    ]);
    expect(response.headers.get('x-request-id')).toMatch(/^req-/);
  });

  it.each([true, false])('streams a chat, usage wanted: %s', async (include_usage) => {
    const stream = await client.chat.completions.create({
      ...chat,
      stream: true,
      stream_options: { include_usage },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
      'the wagon waits here',
    );
    expect(chunks.findLast((chunk) => chunk.choices.length > 0)?.choices[0]?.finish_reason).toBe(
      'stop',
    );
    const usages = chunks.flatMap((chunk) => (chunk.usage ? [chunk.usage.completion_tokens] : []));
    expect(usages).toEqual(include_usage ? [4] : []);
  });

  it('passes tools to the backend and tool calls back', async () => {
    const tools = [
      {
        type: 'function' as const,
        function: {
          name: 'set_switch',
          parameters: { type: 'object', properties: { track: { type: 'string' } } },
        },
      },
    ];
    const { choices } = await client.chat.completions.create({
      ...chat,
      tools,
      tool_choice: 'auto',
      parallel_tool_calls: false,
    });
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    expect(choices[0]?.message.tool_calls).toEqual([
      {
        id: expect.any(String),
        type: 'function',
        function: { name: 'set_switch', arguments: '{"track":"some track"}' },
      },
    ]);
    expect(fake.lastRequest?.body).toMatchObject({
      tools,
      tool_choice: 'auto',
      parallel_tool_calls: false,
    });
  });

  it('gets tool calls as a stream', async () => {
    const runner = client.chat.completions.stream({
      ...chat,
      tools: [
        {
          type: 'function',
          function: { name: 'blow', parameters: { properties: { times: { type: 'integer' } } } },
        },
      ],
    });
    const { choices } = await runner.finalChatCompletion();
    expect(choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { name: 'blow', arguments: '{"times":1}' },
    });
  });

  it('completes a text', async () => {
    const { choices } = await client.completions.create({
      model: 'sim-chat',
      prompt: 'all aboard',
    });
    expect(choices[0]?.text).toBe('all aboard');
  });

  it('gets the same embeddings as numbers and, its own default, as base64', async () => {
    const ask = { model: 'sim-embed', input: ['one wagon', 'two wagons'] };
    const asBase64 = await client.embeddings.create(ask);
    const asked = fake.lastRequest?.body.encoding_format;
    const asFloats = await client.embeddings.create({ ...ask, encoding_format: 'float' });
    expect([asked, fake.lastRequest?.body.encoding_format]).toEqual(['base64', 'float']);
    expect(asFloats.data).toHaveLength(2);
    expect(asFloats.data[0]?.embedding.length).toBeGreaterThan(1);
    expect(asBase64.data.map(({ embedding }) => [...embedding])).toEqual(
      asFloats.data.map(({ embedding }) => embedding),
    );
  });

  it('lists models and retrieves one', async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual(['sim-chat', 'sim-embed']);
    expect(await client.models.retrieve('sim-embed')).toMatchObject({
      id: 'sim-embed',
      object: 'model',
    });
    await expect(client.models.retrieve('nobody')).rejects.toBeInstanceOf(NotFoundError);
  });

  it('throws its own error classes for what the caller did wrong', async () => {
    const ask = (changes: object) => client.chat.completions.create({ ...chat, ...changes });
    const unknown = await ask({ model: 'nobody' }).catch((error) => error);
    expect(unknown).toBeInstanceOf(NotFoundError);
    expect(unknown).toMatchObject({ code: 'model_not_found', param: 'model' });
    const wrong = await ask({ temperature: 'hot' }).catch((error) => error);
    expect(wrong).toBeInstanceOf(BadRequestError);
    expect(wrong).toMatchObject({ param: 'temperature', type: 'invalid_request_error' });
    const stranger = await sdk('sy-nobody')
      .models.list()
      .catch((error) => error);
    expect(stranger).toBeInstanceOf(AuthenticationError);
    expect(stranger).toMatchObject({ code: 'invalid_api_key' });
    expect(fake.counts.calls).toBe(0);
  });
});

describe('the openai SDK, where backends fail,', () => {
  const started = new Started();
  afterEach(() => started.stop());

  it.each([
    [{ kind: 'rateLimited' }, RateLimitError, 429, 3],
    [{ kind: 'status', status: 500 }, InternalServerError, 502, 3],
    [{ kind: 'status', status: 400 }, BadRequestError, 400, 1],
  ] as const)('throws its own error class after the last attempt: %j', async (...row) => {
    const [fault, errorClass, status, calls] = row;
    const { fake, client } = await openHouse(started, { faults: { all: fault } }, {});
    const error = await client.chat.completions.create(chat).catch((caught) => caught);
    expect(error).toBeInstanceOf(errorClass);
    expect({ status: error.status, calls: fake.counts.calls }).toEqual({ status, calls });
    expect(error.headers.get('x-switchyard-attempts')).toBe(String(calls));
  });

  it('throws in the middle of a stream that broke, after what had come', async () => {
    const faults = { all: { kind: 'cut', afterChunks: 2 } } as const;
    const { fake, client } = await openHouse(started, { faults }, {});
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    let text = '';
    const error = await (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    })().catch((caught) => caught);
    expect(text).toBe('the wagon');
    expect(error).toMatchObject({ code: 'stream_interrupted' });
    expect(fake.counts.calls).toBe(1);
  });
});

describe('the openai SDK, leaving early,', () => {
  const started = new Started();
  afterEach(() => started.stop());

  it('has its request aborted at the backend within a second, and not tried again', async () => {
    const { fake, client, house } = await openHouse(started, {}, {});
    await fake.set({ all: { kind: 'hang' } });
    const leaving = new AbortController();
    const asked = client.chat.completions
      .create(chat, { signal: leaving.signal })
      .catch((caught) => caught);
    await fake.until(({ running }) => running === 1);
    leaving.abort();
    await fake.until(({ aborted }) => aborted === 1, 1_000);
    expect(await asked).toBeInstanceOf(APIUserAbortError);
    await fake.set({});
    expect((await house.post('/v1/chat/completions', chat)).status).toBe(200);
    expect(fake.counts).toMatchObject({ calls: 2, aborted: 1, completed: 1, running: 0 });
  });

  it('has its stream aborted at the backend within a second, and not tried again', async () => {
    const { fake, client, house } = await openHouse(started, {}, {});
    await fake.set({ all: { kind: 'hangMidStream', afterChunks: 2 } });
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    let text = '';
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (text === 'the wagon') break;
    }
    await fake.until(({ aborted }) => aborted === 1, 1_000);
    await fake.set({});
    expect((await house.post('/v1/chat/completions', chat)).status).toBe(200);
    expect(fake.counts).toMatchObject({ calls: 2, aborted: 1, completed: 1, running: 0 });
  });
});
