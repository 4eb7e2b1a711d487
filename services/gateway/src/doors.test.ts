import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { AppError } from '@switchyard/domain';
import { badRequests, json } from './testing/bad-requests.js';
import { Harness, jsonOf } from './testing/harness.js';

const key = 'sy-test-key-of-team-a';
const otherKey = 'sy-test-key-of-team-b';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const chat = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
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
    await harness.other.answer('rpc.task-tracker.get', 'test', () => {
      throw new AppError('not_found', 'no such task');
    });
  });
  afterAll(() => harness.stop());

  it.each(badRequests)(
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

  it('takes the account and the name of the key from the key, in either header', async () => {
    harness.jobs.length = 0;
    await harness.post(
      '/v1/chat/completions',
      { ...chat, account: 'x', apiKey: 'x' },
      { authorization: `Bearer ${key}` },
    );
    await harness.post('/v1/chat/completions', chat, { 'x-api-key': otherKey });
    const named = harness.jobs.map(({ account, apiKey }) => `${account}.${apiKey}`);
    expect(named).toEqual(['team-a.a', 'team-b.b']);
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
