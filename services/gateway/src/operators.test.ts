import { createHash } from 'node:crypto';
import {
  type BackendRegistration,
  buckets,
  encode,
  type NodeRow,
  type RouterStats,
  subjects,
} from '@switchyard/contracts';
import { Harness, jsonOf } from './testing/harness.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const auth = (who: string) => ({ authorization: `Bearer sy-${who}` });
const keys = [
  { name: 'boss', account: 'ops', sha256: sha256('sy-boss'), isAdmin: true },
  { name: 'user', account: 'team', sha256: sha256('sy-user') },
];
const entry = { backend_type: 'ollama', endpoint_url: 'http://127.0.0.1:11434' };

describe('operators', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start({ apiKeys: keys, allowedNetworks: ['127.0.0.0/8'] });
  });
  afterAll(() => harness.stop());

  const send = async (method: string, where: string, body?: object, who = 'boss') => {
    const headers = { ...auth(who), ...(body ? { 'content-type': 'application/json' } : {}) };
    const init = { method, headers, ...(body ? { body: encode(body) } : {}) };
    const response = await harness.fetch(`/api/v1/${where}`, init);
    return { status: response.status, body: await jsonOf(response) };
  };
  const registered = async (id: string) => {
    const { name } = buckets.registrations;
    return (await (await harness.other.keyValues<BackendRegistration>(name)).get(id))?.value;
  };

  it.each([
    ['POST', 'backends', { id: 'x', ...entry }],
    ['PATCH', 'backends/local', { weight: 2 }],
    ['DELETE', 'backends/local', undefined],
    ['POST', 'backends/local/drain', {}],
    ['POST', 'backends/local/breaker', { action: 'reset' }],
    ['POST', 'nodes', { node_id: 'x', address: '127.0.0.1:1' }],
    ['POST', 'nodes/local/drain', {}],
    ['DELETE', 'nodes/local', undefined],
  ])('alone may %s /%s', async (method, where, body) => {
    const refused = await send(method, where, body, 'user');
    expect([refused.status, refused.body.error.code]).toEqual([403, 'forbidden']);
    const init = { method, ...(body ? { body: encode(body) } : {}) };
    const headers = { 'content-type': 'application/json' };
    expect((await harness.fetch(`/api/v1/${where}`, { ...init, headers })).status).toBe(401);
  });

  it('register a backend, change it and take it away', async () => {
    const limits = { max_concurrent_requests: 3, model_aliases: { small: 'llama' } };
    const made = await send('POST', 'backends', { id: 'gpu-9', ...entry, ...limits });
    expect([made.status, made.body.backend_id]).toEqual([201, 'gpu-9']);
    expect(await registered('gpu-9')).toMatchObject({
      id: 'gpu-9',
      backend: { ...{ id: 'gpu-9', kind: 'ollama', origin: 'registered' }, class: 'local' },
      changes: {},
    });
    const again = await send('POST', 'backends', { id: 'gpu-9', ...entry });
    expect([again.status, again.body.error.code]).toEqual([409, 'conflict']);
    await send('PATCH', 'backends/gpu-9', { weight: 2 });
    const changed = await send('PATCH', 'backends/gpu-9', { priority: 4, is_enabled: false });
    expect(changed.body.changes).toEqual({ weight: 2, priority: 4, isEnabled: false });
    await harness.other.publish(subjects.dispatch('gpu-9', 0), '{}');
    const gone = await send('DELETE', 'backends/gpu-9');
    expect([gone.status, gone.body.redistributed]).toEqual([200, 1]);
    expect(await registered('gpu-9')).toBeUndefined();
    expect((await send('DELETE', 'backends/gpu-9')).status).toBe(404);
  });

  it('change what the file brought, but take it away only there', async () => {
    expect((await send('POST', 'backends', { id: 'local', ...entry })).status).toBe(409);
    expect((await send('DELETE', 'backends/local')).status).toBe(409);
    expect((await send('POST', 'backends/local/drain', {})).status).toBe(200);
    expect(await registered('local')).toMatchObject({ changes: { isEnabled: false } });
    expect((await registered('local'))?.backend).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['no id', entry, 'id'],
    ['an id that is no token', { id: 'a.b', ...entry }, 'id'],
    ['no address', { id: 'x', backend_type: 'ollama' }, 'endpoint_url'],
    ['a scheme that is none', { id: 'x', ...entry, endpoint_url: 'file:///etc' }, 'endpoint_url'],
    [
      'a private address',
      { id: 'x', ...entry, endpoint_url: 'http://10.0.0.1' },
      'allowed_networks',
    ],
    ['metadata', { id: 'x', ...entry, endpoint_url: 'http://169.254.169.254' }, 'endpoint_url'],
    [
      'a mapped address',
      { id: 'x', ...entry, endpoint_url: 'http://[::ffff:10.0.0.1]' },
      'private',
    ],
    ['a key', { id: 'x', ...entry, api_key: 'secret-key' }, 'api_key: is never stored in NATS'],
    ['an unknown field', { id: 'x', ...entry, colour: 'red' }, 'colour'],
    ['a kind that is none', { id: 'x', ...entry, backend_type: 'toaster' }, 'backend_type'],
  ])('are refused %s', async (_name, body, named) => {
    const refused = await send('POST', 'backends', body);
    expect(refused.status).toBe(422);
    expect(refused.body.error.message).toContain(named);
    expect(JSON.stringify(refused.body)).not.toContain('secret-key');
    expect(await registered('x')).toBeUndefined();
  });

  it('are told what is wrong with a change', async () => {
    expect((await send('PATCH', 'backends/local', {})).status).toBe(422);
    expect((await send('PATCH', 'backends/local', { endpoint_url: 'http://x' })).status).toBe(422);
    expect((await send('PATCH', 'backends/nobody', { weight: 1 })).status).toBe(404);
    expect((await send('PATCH', 'backends/local', { weight: 0 })).status).toBe(422);
  });

  it('register nodes by the words of the older API', async () => {
    const node = { node_id: 'n1', address: '127.0.0.1:8000', capacity: 4 };
    expect((await send('POST', 'nodes', node)).status).toBe(201);
    expect((await send('POST', 'nodes', node)).status).toBe(409);
    expect((await registered('n1'))?.backend).toMatchObject({
      endpointUrl: 'http://127.0.0.1:8000/v1',
      maxConcurrentRequests: 4,
    });
    expect((await send('POST', 'nodes', { node_id: 'n2', address: '10.0.0.1:80' })).status).toBe(
      422,
    );
    expect((await send('DELETE', 'nodes/nobody')).status).toBe(404);
  });

  it('drain an instance', async () => {
    const stop = await harness.other.answer(subjects.rpc('executor-7', 'drain'), 'test', () =>
      encode({ inFlight: 2 }),
    );
    const drained = await send('POST', 'nodes/executor-7/drain', {});
    expect([drained.status, drained.body.redistributed]).toEqual([200, 2]);
    stop();
    await harness.other.flush();
    expect((await send('POST', 'nodes/executor-7/drain', {})).status).toBe(404);
  });

  it('move a breaker, which the health-monitor does', async () => {
    const asked: unknown[] = [];
    await harness.other.answer(subjects.rpc('health-monitor', 'breaker'), 'test', (data) => {
      asked.push(JSON.parse(new TextDecoder().decode(data)));
      return encode({ breaker: 'closed' });
    });
    const moved = await send('POST', 'backends/local/breaker', { action: 'reset' });
    expect(moved.body).toEqual({ backend_id: 'local', breaker: 'closed' });
    expect(asked).toEqual([{ backendId: 'local', action: 'reset' }]);
    expect((await send('GET', 'backends/local/breaker')).body.breaker).toBe('closed');
  });

  it('and everybody else read figures and gossip', async () => {
    const stats: RouterStats = {
      strategy: 'score',
      waiting: { high: 1, normal: 2, low: 0 },
      oldestWaitMs: 70,
      inFlight: { local: 3 },
      decisions: 9,
    };
    const node: NodeRow = {
      ...{ instanceId: 'e1', service: 'executor-x', address: '', liveness: 'suspect' },
      ...{ state: 'active', lastHeartbeatAtMs: 0, startedAtMs: 0, inFlight: 1, capacity: 4 },
      ...{ backends: ['local'], roundTripMs: 7 },
    };
    const verdicts = ['taken', 'stranger', 'malformed'];
    await harness.other.answer(subjects.rpc('router', 'stats'), 'test', () => encode(stats));
    await harness.other.answer(subjects.rpc('health-monitor', 'nodes'), 'test', () =>
      encode({ nodes: [node] }),
    );
    await harness.other.answer(subjects.rpc('health-monitor', 'gossip'), 'test', () =>
      encode({ verdict: verdicts.shift() }),
    );
    const get = async (where: string) => (await send('GET', where, undefined, 'user')).body;
    expect(await get('queue/stats')).toMatchObject({ size: 3, oldest_wait_ms: 70 });
    expect(await get('capacity')).toMatchObject({
      max_concurrent_tasks: 4,
      current_concurrent_tasks: 3,
      current_queue_size: 3,
    });
    expect(await get('status')).toMatchObject({ node_status: 'active', queue_size: 3 });
    expect(await get('peers')).toMatchObject({
      peers: { e1: { status: 'suspected', latency_ms: 7, load: 0.25 } },
      count: 1,
    });
    expect(await get('nodes/count')).toEqual({ total: 1, healthy: 0, suspected: 1, dead: 0 });
    expect(await get('nodes/e1')).toMatchObject({ node_id: 'e1', latency_ms: 7 });
    expect((await send('GET', 'nodes/e2', undefined, 'user')).status).toBe(404);
    const gossip = () => send('POST', 'gossip', { node_id: 'e1', timestamp: 1 }, 'user');
    expect([(await gossip()).status, (await gossip()).status, (await gossip()).status]).toEqual([
      200, 200, 400,
    ]);
  });
});
