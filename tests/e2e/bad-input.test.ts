import { once } from 'node:events';
import { connect } from 'node:net';
import { type FakeBackend, startFakeOpenAi } from '@switchyard/testing';
import { apiKeyOf, type House, startHouse } from './house.js';
import { Started } from './started.js';
import { testBackend } from './yard.js';

const authorization = 'Bearer sy-key-of-bad-input';
const bodyLimitBytes = 64 * 1024;

const chat = { model: 'sim-chat', messages: [{ role: 'user', content: 'which track?' }] };
const task = { payload: 'which track?', parameters: { model: 'sim-chat' } };
const doors = {
  '/v1/chat/completions': chat,
  '/v1/completions': { model: 'sim-chat', prompt: 'which track?' },
  '/v1/embeddings': { model: 'sim-embed', input: 'which track?' },
  '/api/v1/tasks': task,
} as const;
type Door = keyof typeof doors;
const paths = Object.keys(doors) as Door[];

/** Everything a field might be instead of what it must be. */
const wrong: readonly (readonly [Door, field: string, changes: object])[] = [
  ...(['/v1/chat/completions', '/v1/completions', '/v1/embeddings'] as const).flatMap((door) =>
    [undefined, null, 7, '', [], {}, 'm'.repeat(257)].map(
      (model) => [door, 'model', { model }] as const,
    ),
  ),
  ...[undefined, null, 7, '', 'hello', [], {}].map(
    (messages) => ['/v1/chat/completions', 'messages', { messages }] as const,
  ),
  ['/v1/chat/completions', 'messages.0', { messages: ['hello'] }],
  ['/v1/chat/completions', 'messages.0.role', { messages: [{ content: 'x' }] }],
  ['/v1/chat/completions', 'messages.0.role', { messages: [{ role: null, content: 'x' }] }],
  ['/v1/chat/completions', 'messages.0.content', { messages: [{ role: 'user', content: 7 }] }],
  ['/v1/chat/completions', 'messages.0.content', { messages: [{ role: 'user', content: [1] }] }],
  ['/v1/chat/completions', 'stream', { stream: 'yes' }],
  ['/v1/chat/completions', 'stream_options', { stream_options: true }],
  [
    '/v1/chat/completions',
    'stream_options.include_usage',
    { stream_options: { include_usage: 1 } },
  ],
  ['/v1/chat/completions', 'temperature', { temperature: '1' }],
  ['/v1/chat/completions', 'temperature', { temperature: 2.1 }],
  ['/v1/chat/completions', 'top_p', { top_p: -1 }],
  ['/v1/chat/completions', 'n', { n: 0 }],
  ['/v1/chat/completions', 'n', { n: 1.5 }],
  ['/v1/chat/completions', 'max_tokens', { max_tokens: 0 }],
  ['/v1/chat/completions', 'max_tokens', { max_tokens: 1e300 }],
  ['/v1/chat/completions', 'max_completion_tokens', { max_completion_tokens: -5 }],
  ['/v1/chat/completions', 'tools', { tools: {} }],
  ['/v1/chat/completions', 'tools.0', { tools: ['f'] }],
  ['/v1/chat/completions', 'user', { user: 7 }],
  ['/v1/chat/completions', 'user', { user: 'u'.repeat(513) }],
  ...[undefined, null, 7, '', [], {}, [{}]].map(
    (prompt) => ['/v1/completions', 'prompt', { prompt }] as const,
  ),
  ...[undefined, null, 7, '', [], {}, [{}]].map(
    (input) => ['/v1/embeddings', 'input', { input }] as const,
  ),
  ['/v1/embeddings', 'dimensions', { dimensions: 'all' }],
  ['/v1/embeddings', 'encoding_format', { encoding_format: 'hex' }],
  ...[undefined, null, 7, '', []].map(
    (payload) => ['/api/v1/tasks', 'payload', { payload }] as const,
  ),
  ['/api/v1/tasks', 'payload.messages', { payload: { messages: 'hello' } }],
  ['/api/v1/tasks', 'parameters', { parameters: 'sim-chat' }],
  ['/api/v1/tasks', 'parameters.model', { parameters: {} }],
  ['/api/v1/tasks', 'parameters.model', { parameters: { model: ['sim-chat'] } }],
  ['/api/v1/tasks', 'priority', { priority: 'high' }],
  ['/api/v1/tasks', 'priority', { priority: 11 }],
  ['/api/v1/tasks', 'priority', { priority: 0.5 }],
  ['/api/v1/tasks', 'kind', { kind: 'chat.default' }],
  ['/api/v1/tasks', 'kind', { kind: '>' }],
  ['/api/v1/tasks', 'kind', { kind: '__proto__' }],
  ['/api/v1/tasks', 'kind', { kind: 'video' }],
  ['/api/v1/tasks', 'userId', { userId: 7 }],
  ['/api/v1/tasks', 'timeoutMs', { timeoutMs: 0 }],
  ['/api/v1/tasks', 'timeoutMs', { timeoutMs: 1e18 }],
  ['/api/v1/tasks', 'deadlineAtMs', { deadlineAtMs: -1 }],
  ['/api/v1/tasks', 'deadlineAtMs', { deadlineAtMs: '2026-01-01' }],
  ['/api/v1/tasks', 'idempotencyKey', { idempotencyKey: '' }],
  ['/api/v1/tasks', 'idempotencyKey', { idempotencyKey: 'k'.repeat(256) }],
  ['/api/v1/tasks', 'preferences', { preferences: 'fast' }],
  ['/api/v1/tasks', 'preferences.maxCostPerJob', { preferences: { maxCostPerJob: '1' } }],
  ['/api/v1/tasks', 'preferences.prioritizeSpeed', { preferences: { prioritizeSpeed: 'yes' } }],
  ['/api/v1/tasks', 'strategy', { strategy: 'constructor' }],
  ['/api/v1/tasks', 'stream', { stream: 'yes' }],
];

const deep = (levels: number, open: string, close: string) =>
  `{"model":"sim-chat","payload":"x","input":"x","messages":${open.repeat(levels)}1${close.repeat(levels)}}`;

/** Bodies that no door takes, whatever it is for. */
const broken: readonly (readonly [name: string, body: string | Uint8Array, status: number])[] = [
  ['nothing', '', 400],
  ['half an object', '{"model":', 400],
  ['a trailing comma', '{"model":"sim-chat",}', 400],
  ['two objects', '{}{}', 400],
  ['a list', '[]', 400],
  ['a text', '"hello"', 400],
  ['null', 'null', 400],
  ['bytes of no text', new Uint8Array([0xff, 0xfe, 0x00, 0x80]), 400],
  ['deep lists', deep(5_000, '[', ']'), 400],
  ['deep objects', deep(5_000, '{"a":', '}'), 400],
  ['a prototype', '{"__proto__":{"model":"sim-chat"}}', 400],
  ['more than the limit', JSON.stringify({ ...chat, pad: 'x'.repeat(bodyLimitBytes) }), 413],
];

const strangeIds = ['a.b', '*', '>', 'a b', 'é', '..', '%00', "';--", 'x'.repeat(65), '__proto__'];

describe('bad input at the HTTP doors', () => {
  const started = new Started();
  let house: House;
  let fake: FakeBackend;
  beforeAll(async () => {
    fake = started.keep(await startFakeOpenAi());
    house = started.keep(
      await startHouse({
        backends: [testBackend('one', fake.url)],
        apiKeys: [apiKeyOf('sy-key-of-bad-input', 'team-a')],
        bodyLimitBytes,
      }),
    );
  });
  afterAll(() => started.stop());
  afterEach(async () => {
    expect(fake.counts.calls).toBe(0);
    const live = await fetch(`${house.url}/health/live`);
    expect([live.status, await live.text()]).toEqual([200, expect.any(String)]);
  });

  const send = (method: string, path: string, body?: unknown, headers = {}) => {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    return fetch(`${house.url}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json', ...headers },
      body: (isRaw ? body : JSON.stringify(body)) as string | undefined,
    });
  };

  /** Checks the shape of a door's error and returns its message and the field it names. */
  const readError = async (path: string, answer: Response) => {
    const shown = JSON.parse(await answer.text());
    const id = answer.headers.get('x-request-id');
    expect(id).toBeTruthy();
    if (path.startsWith('/v1')) {
      expect(shown).toEqual({
        error: expect.objectContaining({ message: expect.any(String), type: expect.any(String) }),
      });
      return { field: shown.error.param, message: shown.error.message as string };
    }
    expect(shown).toMatchObject({
      success: false,
      error: { code: expect.any(String), requestId: id },
    });
    return { field: shown.error.details?.[0].field, message: shown.error.message as string };
  };

  it.each(wrong)('%s names %s where it is %j', async (path, field, changes) => {
    const answer = await send('POST', path, { ...doors[path], ...changes });
    expect(answer.status).toBe(400);
    const told = await readError(path, answer);
    expect(told).toEqual({ field, message: expect.stringContaining(`${field}: `) });
  });

  it.each(broken)('every door refuses a body that is %s', async (_name, body, status) => {
    for (const path of paths) {
      const answer = await send('POST', path, body);
      expect([path, answer.status]).toEqual([path, status]);
      expect((await readError(path, answer)).message).toMatch(/body|model|payload|messages|input/);
    }
  });

  it.each([
    'text/plain',
    'multipart/form-data',
    'application/x-www-form-urlencoded',
    'nonsense',
    '',
  ])('every door refuses the content type "%s"', async (type) => {
    for (const path of paths) {
      const body = JSON.stringify(doors[path]);
      const answer = await send('POST', path, body, { 'content-type': type });
      expect([path, answer.status]).toEqual([path, 400]);
      expect((await readError(path, answer)).message).toMatch(/Content-Type/);
    }
  });

  it.each(['no.such', '*', '>', 'a b', '$JS.API.>', '../x', '__proto__', 'constructor', 'é\u0000'])(
    'the model %j is unknown at every door',
    async (model) => {
      for (const path of paths) {
        const named = path === '/api/v1/tasks' ? { parameters: { model } } : { model };
        const answer = await send('POST', path, { ...doors[path], ...named });
        expect([path, answer.status]).toEqual([path, 404]);
        expect((await readError(path, answer)).field).toMatch(/model$/);
      }
    },
  );

  it.each(strangeIds)('no task has the id "%s"', async (id) => {
    const path = `/api/v1/tasks/${encodeURIComponent(id).replace(/^\.\.$/, '%2E%2E.')}`;
    for (const [method, to] of [
      ['GET', path],
      ['DELETE', path],
      ['GET', `${path}/events`],
    ] as const) {
      const answer = await send(method, to);
      expect([method, answer.status]).toEqual([method, 404]);
      expect((await readError(to, answer)).message).toMatch(/no such task/);
    }
  });

  it.each([
    ['GET', '/', 404],
    ['GET', '/nope', 404],
    ['GET', '/v1', 404],
    ['GET', '/v1/', 404],
    ['POST', '/v1/responses', 404],
    ['GET', '/v1/models/no.such', 404],
    ['GET', '/v1/models/%3E', 404],
    ['GET', '/v1/models/%E0%A4%A', 400],
    ['GET', `/v1/models/${'m'.repeat(600)}`, 404],
    ['GET', '/api', 404],
    ['GET', '/api/v1/nope', 404],
    ['GET', '/api/v1/tasks/a/b/c', 404],
    ['GET', '/api/v1/tasks?limit=many', 400],
    ['GET', '/api/v1/tasks?limit=1&limit=2', 400],
    ['GET', '/api/v1/tasks?status=waiting', 400],
    ['GET', '/api/v1/tasks?from=then', 400],
    ['GET', '/api/v1/tasks?cursor=%00%3E', 400],
    ['GET', '/v1/chat/completions', 405],
    ['DELETE', '/v1/models', 405],
    ['PUT', '/v1/chat/completions', 405],
    ['PATCH', '/api/v1/tasks', 405],
    ['POST', '/api/v1/tasks/some-id', 405],
    ['POST', '/health', 405],
  ])('answers %s %s with %i', async (method, path, status) => {
    const answer = await send(method, path, method === 'GET' ? undefined : {});
    expect(answer.status).toBe(status);
    await readError(path, answer);
  });

  it.each(['soon', '-1', '1.5', '600001', '1e3', '0x10'])('refuses ?wait=%s', async (wait) => {
    const path = `/api/v1/tasks?wait=${wait}`;
    const answer = await send('POST', path, task);
    expect([answer.status, (await readError(path, answer)).field]).toEqual([400, 'wait']);
  });

  it.each([
    ['a request line of nonsense', 'nonsense\r\n\r\n'],
    ['a method of nonsense', 'FETCH / HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    [
      'a length of nonsense',
      'POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
    ],
    ['no end of headers', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`],
    [
      'two lengths',
      'POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
    ],
  ])('answers %s with a 4xx', async (_name, bytes) => {
    expect(await statusOfRaw(house.url, bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
});

describe('odd but lawful input at the HTTP doors', () => {
  const started = new Started();
  let house: House;
  let fake: FakeBackend;
  beforeAll(async () => {
    fake = started.keep(await startFakeOpenAi());
    house = started.keep(await startHouse({ backends: [testBackend('one', fake.url)] }));
  });
  afterAll(() => started.stop());
  afterEach(() => fake.reset());

  it.each(['a.b', '*', '>', '$JS.API.>', '__proto__', 'jobs.submit.high.chat.other'])(
    'is a key and a user and nothing else: %s',
    async (odd) => {
      const headers = { 'idempotency-key': odd };
      const first = await house.post('/v1/chat/completions', { ...chat, user: odd }, headers);
      const again = await house.post('/v1/chat/completions', { ...chat, user: odd }, headers);
      const ids = [first, again].map((answer) => answer.headers.get('x-switchyard-job'));
      expect([first.status, again.status, ids[1]]).toEqual([200, 200, ids[0]]);
      expect(await again.text()).toBe(await first.text());
      expect(fake.counts.calls).toBe(1);
      const body = { ...task, userId: odd, idempotencyKey: `${odd} of a task` };
      const answer = await house.post('/api/v1/tasks?wait=20000', body);
      expect([answer.status, await answer.json()]).toEqual([
        200,
        expect.objectContaining({ status: 'completed' }),
      ]);
    },
  );

  it('refuses a key that was used for another request', async () => {
    const headers = { 'idempotency-key': 'one.key' };
    await house.post('/v1/chat/completions', chat, headers);
    const other = await house.post('/v1/chat/completions', { ...chat, n: 2 }, headers);
    expect(other.status).toBe(409);
  });
});

/** Sends bytes as they are and returns the first line of the answer. */
async function statusOfRaw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(bytes);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString().split('\r\n', 1)[0] ?? '';
}
