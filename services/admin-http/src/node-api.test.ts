import { encode } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { type Admin, startAdminHttp } from './admin.js';

describe('the API of an executor', () => {
  let admin: Admin;
  const asked: string[] = [];
  const sent: object[] = [];
  const answers: Record<string, object | undefined> = {};
  const text = (value: object) => new TextEncoder().encode(encode(value));
  beforeAll(async () => {
    admin = await startAdminHttp({
      host: '127.0.0.1',
      port: 0,
      checks: {},
      metrics: async () => ({ contentType: 'text/plain', body: '' }),
      node: {
        node: {
          isDraining: true,
          inFlight: 2,
          slots: 8,
          send: async (job) => {
            if (job.priority === 9) throw new AppError('queue_full', 'every slot is taken');
            sent.push(job);
            return { jobId: 'j', backendId: 'gpu', estimatedTokens: 7 };
          },
        },
        nodeId: 'executor-1',
        accountOf: (key) => (key === 'right' ? 'team' : undefined),
        now: () => 1_000,
        uptimeMs: () => 61_500,
        bus: {
          ask: async (subject) => {
            asked.push(subject);
            const answer = answers[subject];
            if (!answer) throw new AppError('unavailable', 'nobody answers');
            return text(answer);
          },
        },
      },
    });
  });
  afterAll(() => admin.close());

  const call = async (path: string, init: RequestInit = {}, key = 'right') => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const response = await fetch(`${admin.url}${path}`, { ...init, headers });
    return { status: response.status, body: (await response.json()) as object };
  };

  it('is for the keys of the gateway, health is for everybody', async () => {
    expect((await call('/api/v1/status', {}, 'wrong')).status).toBe(401);
    expect((await fetch(`${admin.url}/api/v1/status`)).status).toBe(401);
    expect((await fetch(`${admin.url}/health`)).status).toBe(200);
  });

  it('tells status, capacity and queue', async () => {
    expect((await call('/api/v1/status')).body).toEqual({
      node_status: 'draining',
      capacity: 8,
      queue_size: 0,
      worker_pool_size: 8,
      uptime_s: 61,
    });
    expect((await call('/api/v1/capacity')).body).toMatchObject({
      max_concurrent_tasks: 8,
      current_concurrent_tasks: 2,
    });
    expect((await call('/api/v1/queue/stats')).body).toMatchObject({ size: 0, in_flight: 2 });
  });

  const post = (path: string, body: unknown) =>
    call(path, { method: 'POST', body: JSON.stringify(body) });

  it('takes tasks for its own backends, of the account whose key it is', async () => {
    const task = { payload: 'hi', parameters: { model: 'm' }, timeoutMs: 500, account: 'other' };
    expect(await post('/api/v1/tasks', task)).toMatchObject({
      status: 202,
      body: { task_id: 'j', node_id: 'executor-1', backend: 'gpu', estimated_tokens: 7 },
    });
    const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: false };
    const facts = { account: 'team', priority: 5, deadlineAtMs: 1_500 };
    expect(sent).toEqual([{ kind: 'chat', body, ...facts }]);
    expect(await post('/api/v1/tasks', { ...task, priority: 9 })).toMatchObject({
      status: 429,
      body: { success: false, error: { code: 'queue_full' } },
    });
  });

  it.each([
    ['body', []],
    ['payload', {}],
    ['payload', { payload: '' }],
    ['payload', { payload: [] }],
    ['parameters', { payload: 'x', parameters: 7 }],
    ['priority', { payload: 'x', priority: 11 }],
    ['priority', { payload: 'x', priority: '5' }],
    ['kind', { payload: 'x', kind: 7 }],
    ['timeoutMs', { payload: 'x', timeoutMs: -1 }],
    ['userId', { payload: 'x', userId: 'u'.repeat(257) }],
  ])('names the field at fault of a task: %s in %j', async (field, body) => {
    expect(await post('/api/v1/tasks', body)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', details: [{ field }] } },
    });
  });

  it('tells of tasks as the tracker knows them', async () => {
    expect((await call('/api/v1/tasks/j')).status).toBe(503);
    const row = { jobId: 'j', status: 'succeeded', priority: 5, attemptNo: 2 };
    const times = { submittedAtMs: 0, updatedAtMs: 0 };
    answers['rpc.task-tracker.get'] = { ...row, ...times, executorId: 'executor-1' };
    expect((await call('/api/v1/tasks/j')).body).toMatchObject({
      task_id: 'j',
      status: 'completed',
      node_id: 'executor-1',
      retry_count: 1,
    });
    answers['rpc.task-tracker.list'] = { tasks: [{ ...row, ...times, status: 'failed' }] };
    expect((await call('/api/v1/tasks/failed')).body).toMatchObject({
      tasks: [{ task_id: 'j', status: 'failed', reason: 'failed' }],
      count: 1,
    });
  });

  it('hands gossip on and tells peers, where the health-monitor answers', async () => {
    const tell = (body: string) => call('/api/v1/gossip', { method: 'POST', body });
    expect((await tell('{}')).status).toBe(503);
    answers['rpc.health-monitor.gossip'] = { verdict: 'stranger' };
    expect(await tell('{"node_id":"ghost","timestamp":1}')).toEqual({
      status: 200,
      body: { status: 'received' },
    });
    answers['rpc.health-monitor.gossip'] = { verdict: 'malformed' };
    expect((await tell('[]')).body).toEqual({ status: 'ignored' });
    const node = { instanceId: 'e1', liveness: 'suspect', lastHeartbeatAtMs: 0, capacity: 0 };
    answers['rpc.health-monitor.nodes'] = { nodes: [node] };
    expect((await call('/api/v1/peers')).body).toMatchObject({
      peers: { e1: { status: 'suspected', latency_ms: null, load: 0 } },
      count: 1,
    });
  });
});
