import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { AppError } from '@switchyard/domain';
import { Harness, jsonOf } from './testing/harness.js';

const key = 'sy-test-key-of-team-a';
const otherKey = 'sy-test-key-of-team-b';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const chat = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const json = { 'content-type': 'application/json' };
const deep = (levels: number) =>
  `{"model":"m","messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;

type Row = {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly code: string;
  readonly says: RegExp;
};

const v1 = '/v1/chat/completions';
const tasks = '/api/v1/tasks';
const bad: readonly Row[] = [
  {
    name: 'malformed JSON',
    path: v1,
    body: '{"model": "m",}',
    status: 400,
    code: 'invalid_request',
    says: /position 14/,
  },
  {
    name: 'JSON that ends too early',
    path: v1,
    body: '{"model"',
    status: 400,
    code: 'invalid_request',
    says: /position 8/,
  },
  { name: 'no body', path: v1, body: '', status: 400, code: 'invalid_request', says: /body/ },
  {
    name: 'a body that is no object',
    path: v1,
    body: '[1]',
    status: 400,
    code: 'invalid_request',
    says: /body/,
  },
  {
    name: 'a null body',
    path: v1,
    body: 'null',
    status: 400,
    code: 'invalid_request',
    says: /body/,
  },
  {
    name: 'no model',
    path: v1,
    body: '{"messages":[{"role":"user","content":"x"}]}',
    status: 400,
    code: 'invalid_request',
    says: /model/,
  },
  {
    name: 'a model of the wrong type',
    path: v1,
    body: '{"model":1,"messages":[{"role":"user"}]}',
    status: 400,
    code: 'invalid_request',
    says: /model/,
  },
  {
    name: 'no messages',
    path: v1,
    body: '{"model":"m"}',
    status: 400,
    code: 'invalid_request',
    says: /messages/,
  },
  {
    name: 'empty messages',
    path: v1,
    body: '{"model":"m","messages":[]}',
    status: 400,
    code: 'invalid_request',
    says: /messages/,
  },
  {
    name: 'a field of a message of the wrong type',
    path: v1,
    body: '{"model":"m","messages":[{"role":7}]}',
    status: 400,
    code: 'invalid_request',
    says: /messages\.0\.role/,
  },
  {
    name: 'an unknown model',
    path: v1,
    body: JSON.stringify({ ...chat, model: 'nope' }),
    status: 404,
    code: 'model_not_found',
    says: /"nope"/,
  },
  {
    name: 'a body nested too deep',
    path: v1,
    body: deep(100),
    status: 400,
    code: 'invalid_request',
    says: /64 levels/,
  },
  {
    name: 'a body nested absurdly deep',
    path: v1,
    body: deep(200_000),
    status: 400,
    code: 'invalid_request',
    says: /64 levels/,
  },
  {
    name: 'a __proto__ field',
    path: v1,
    body: '{"model":"m","__proto__":{"a":1}}',
    status: 400,
    code: 'invalid_request',
    says: /__proto__/,
  },
  {
    name: 'an escaped __proto__ field',
    path: v1,
    body: '{"model":"m","\\u005f_proto__":{"a":1}}',
    status: 400,
    code: 'invalid_request',
    says: /__proto__/,
  },
  {
    name: 'another content type',
    path: v1,
    body: 'a=1',
    headers: { 'content-type': 'text/plain' },
    status: 400,
    code: 'invalid_request',
    says: /Content-Type/,
  },
  {
    name: 'a form',
    path: v1,
    body: 'a=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 400,
    code: 'invalid_request',
    says: /Content-Type/,
  },
  {
    name: 'a body over the limit',
    path: v1,
    body: `{"model":"${'m'.repeat(1_100_000)}"}`,
    status: 413,
    code: 'payload_too_large',
    says: /limit/,
  },
  {
    name: 'an idempotency key that is too long',
    path: v1,
    body: JSON.stringify(chat),
    headers: { ...json, 'idempotency-key': 'k'.repeat(256) },
    status: 400,
    code: 'invalid_request',
    says: /Idempotency-Key/,
  },
  {
    name: 'an unknown path',
    method: 'GET',
    path: '/v1/nope',
    status: 404,
    code: 'not_found',
    says: /no route/,
  },
  {
    name: 'a wrong method',
    method: 'GET',
    path: v1,
    status: 405,
    code: 'invalid_request',
    says: /POST/,
  },
  {
    name: 'no such model',
    method: 'GET',
    path: '/v1/models/org/nope',
    status: 404,
    code: 'model_not_found',
    says: /org\/nope/,
  },
  {
    name: 'tasks: malformed JSON',
    path: tasks,
    body: '{',
    status: 400,
    code: 'invalid_request',
    says: /position 1/,
  },
  {
    name: 'tasks: no payload',
    path: tasks,
    body: '{}',
    status: 400,
    code: 'invalid_request',
    says: /payload/,
  },
  {
    name: 'tasks: payload of the wrong type',
    path: tasks,
    body: '{"payload":7}',
    status: 400,
    code: 'invalid_request',
    says: /payload/,
  },
  {
    name: 'tasks: no model',
    path: tasks,
    body: '{"payload":"hi"}',
    status: 400,
    code: 'invalid_request',
    says: /parameters\.model/,
  },
  {
    name: 'tasks: an unknown model',
    path: tasks,
    body: '{"payload":"hi","parameters":{"model":"nope"}}',
    status: 404,
    code: 'not_found',
    says: /"nope"/,
  },
  {
    name: 'tasks: priority out of range',
    path: tasks,
    body: '{"payload":"hi","parameters":{"model":"m"},"priority":11}',
    status: 400,
    code: 'invalid_request',
    says: /priority/,
  },
  {
    name: 'tasks: unknown kind',
    path: tasks,
    body: '{"payload":"hi","parameters":{"model":"m"},"kind":"a.b.>"}',
    status: 400,
    code: 'invalid_request',
    says: /kind/,
  },
  {
    name: 'tasks: kind without backends',
    path: tasks,
    body: '{"payload":"hi","parameters":{"model":"m"},"kind":"image"}',
    status: 400,
    code: 'invalid_request',
    says: /image/,
  },
  {
    name: 'tasks: unknown strategy',
    path: tasks,
    body: '{"payload":"hi","parameters":{"model":"m"},"strategy":"x"}',
    status: 400,
    code: 'invalid_request',
    says: /strategy/,
  },
  {
    name: 'tasks: wait that is no number',
    path: `${tasks}?wait=soon`,
    body: '{"payload":"hi","parameters":{"model":"m"}}',
    status: 400,
    code: 'invalid_request',
    says: /wait/,
  },
  {
    name: 'tasks: two different keys',
    path: tasks,
    body: '{"payload":"hi","parameters":{"model":"m"},"idempotencyKey":"a"}',
    headers: { ...json, 'idempotency-key': 'b' },
    status: 400,
    code: 'invalid_request',
    says: /idempotencyKey/,
  },
  {
    name: 'tasks: bytes that are no protobuf',
    path: tasks,
    body: '\u0007\u00ff',
    headers: { 'content-type': 'application/protobuf' },
    status: 400,
    code: 'invalid_request',
    says: /protobuf/,
  },
  {
    name: 'tasks: unknown id',
    method: 'GET',
    path: `${tasks}/nope`,
    status: 404,
    code: 'not_found',
    says: /no such task/,
  },
  {
    name: 'tasks: an id with dots',
    method: 'GET',
    path: `${tasks}/a.b`,
    status: 404,
    code: 'not_found',
    says: /no such task/,
  },
  {
    name: 'tasks: an id with wildcards',
    method: 'GET',
    path: `${tasks}/%3E`,
    status: 404,
    code: 'not_found',
    says: /no such task/,
  },
  {
    name: 'tasks: cancel of an unknown id',
    method: 'DELETE',
    path: `${tasks}/nope`,
    status: 404,
    code: 'not_found',
    says: /no such task/,
  },
  {
    name: 'tasks: cancel of an id with wildcards',
    method: 'DELETE',
    path: `${tasks}/*`,
    status: 404,
    code: 'not_found',
    says: /no such task/,
  },
  {
    name: 'tasks: events of an unknown id',
    method: 'GET',
    path: `${tasks}/nope/events`,
    status: 404,
    code: 'not_found',
    says: /no such task/,
  },
  {
    name: 'tasks: list with a bad limit',
    method: 'GET',
    path: `${tasks}?limit=0`,
    status: 400,
    code: 'invalid_request',
    says: /limit/,
  },
  {
    name: 'tasks: list with a bad state',
    method: 'GET',
    path: `${tasks}?status=done`,
    status: 400,
    code: 'invalid_request',
    says: /status/,
  },
  {
    name: 'tasks: list with a bad instant',
    method: 'GET',
    path: `${tasks}?from=yesterday`,
    status: 400,
    code: 'invalid_request',
    says: /from/,
  },
  {
    name: 'api: an unknown path',
    method: 'GET',
    path: '/api/nope',
    status: 404,
    code: 'not_found',
    says: /no route/,
  },
  {
    name: 'api: a wrong method',
    method: 'PUT',
    path: tasks,
    body: '{}',
    status: 405,
    code: 'invalid_request',
    says: /GET, .*POST/,
  },
  {
    name: 'a malformed percent escape',
    method: 'GET',
    path: '/v1/models/%E0%A4%A',
    status: 400,
    code: 'invalid_request',
    says: /./,
  },
];

describe('the doors', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start({
      apiKeys: [
        { name: 'a', account: 'team-a', sha256: sha256(key) },
        { name: 'b', account: 'team-b', sha256: sha256(otherKey) },
      ],
    });
    // The tracker knows of no task here.
    harness.other.answer('rpc.task-tracker.get', 'test', () => {
      throw new AppError('not_found', 'no such task');
    });
  });
  afterAll(() => harness.stop());

  it.each(bad)(
    'refuses $name',
    async ({ method = 'POST', path, body, headers = json, status, code, says }) => {
      const response = await harness.fetch(path, {
        method,
        headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : headers) },
        body,
      });
      const { error } = await jsonOf(response);
      expect({ status: response.status, code: error.code, message: error.message }).toEqual({
        status,
        code,
        message: expect.stringMatching(says),
      });
      expect(response.headers.get('x-request-id')).toBeTruthy();
    },
  );

  it.each([
    ['without a key', {}],
    ['with an unknown key', { authorization: 'Bearer nope' }],
    ['with another scheme', { authorization: `Basic ${key}` }],
    ['with an empty bearer', { authorization: 'Bearer ' }],
  ])('answers 401 %s on every door, in its shape', async (_name, headers) => {
    const openAi = await harness.post('/v1/chat/completions', chat, headers);
    expect(openAi.status).toBe(401);
    expect((await jsonOf(openAi)).error).toMatchObject({
      type: 'authentication_error',
      code: 'invalid_api_key',
    });
    const rest = await harness.post('/api/v1/tasks', chat, headers);
    expect(rest.status).toBe(401);
    expect(await jsonOf(rest)).toMatchObject({
      success: false,
      error: { code: 'unauthenticated' },
    });
    const unknown = await harness.fetch('/v1/nope', { headers });
    expect(unknown.status).toBe(401);
  });

  it('takes the account from the key, in either header', async () => {
    harness.jobs.length = 0;
    await harness.post(
      '/v1/chat/completions',
      { ...chat, account: 'x' },
      { authorization: `Bearer ${key}` },
    );
    await harness.post('/v1/chat/completions', chat, { 'x-api-key': otherKey });
    expect(harness.jobs.map(({ account }) => account)).toEqual(['team-a', 'team-b']);
  });

  it.each(['/health', '/health/live', '/metrics', '/api/docs-json'])(
    'serves %s without a key',
    async (path) => {
      const response = await harness.fetch(path);
      expect(response.status).toBe(200);
    },
  );

  it('publishes the schema that checks tasks', async () => {
    const document = await jsonOf(await harness.fetch('/api/docs-json'));
    const body =
      document.paths['/api/v1/tasks'].post.requestBody.content['application/json'].schema;
    expect(body.properties.priority).toMatchObject({ minimum: 0, maximum: 10, default: 5 });
    expect(document.paths['/v1/chat/completions'].post).toBeDefined();
  });

  it('refuses a request that came from itself, or through too many doors', async () => {
    const headers = { authorization: `Bearer ${key}` };
    const own = await harness.post('/v1/chat/completions', chat, {
      ...headers,
      'x-switchyard-hop': `1;${harness.gateway.installationId}`,
    });
    expect(own.status).toBe(508);
    expect((await jsonOf(own)).error.code).toBe('loop_detected');
    const many = await harness.post('/v1/chat/completions', chat, {
      ...headers,
      'x-switchyard-hop': '99;other',
    });
    expect(many.status).toBe(508);
    const few = await harness.post('/v1/chat/completions', chat, {
      ...headers,
      'x-switchyard-hop': '2;other',
    });
    expect(few.status).toBe(200);
    expect(harness.jobs.at(-1)?.hops).toBe(2);
  });

  it('keeps the request id and the trace of the caller', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const headers = { authorization: `Bearer ${key}`, 'x-request-id': 'mine-1', traceparent };
    const response = await harness.post('/v1/chat/completions', chat, headers);
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(response.headers.get('traceparent')).toBe(traceparent);
  });

  it('lists models with their aliases', async () => {
    const headers = { authorization: `Bearer ${key}` };
    const { object, data } = await jsonOf(await harness.fetch('/v1/models', { headers }));
    expect(object).toBe('list');
    expect(data.map(({ id }: { id: string }) => id)).toEqual(['m', 'small']);
    const one = await jsonOf(await harness.fetch('/v1/models/small', { headers }));
    expect(one).toMatchObject({
      id: 'small',
      object: 'model',
      owned_by: 'ollama',
      context_window: 4096,
    });
  });
});

describe('an open door', () => {
  it.each([
    ['127.0.0.1:8080', 200],
    ['localhost:8080', 200],
    ['[::1]:8080', 200],
    ['box', 200],
    ['app.localhost', 200],
    ['evil.example.com:8080', 403],
    ['127.0.0.1.evil.example', 403],
  ])('asked for as %s answers %i', async (host, status) => {
    expect(await statusFor(open, host)).toBe(status);
  });

  let open: Harness;
  beforeAll(async () => {
    open = await Harness.start();
  });
  afterAll(() => open.stop());
});

/** The status of a request with a Host of its own, which fetch does not allow. */
const statusFor = (harness: Harness, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const url = `${harness.gateway.address}/v1/models`;
    get(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });

describe('an address beyond loopback', () => {
  it('is refused without keys', async () => {
    const harness = await Harness.start();
    await expect(harness.gateway.listen('0.0.0.0', 0)).rejects.toMatchObject({ code: 'forbidden' });
    await harness.stop();
  });
});
