import { createHash } from 'node:crypto';
import type { ListTasks, TaskPage, TaskRow } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { completion, gate, Harness, jsonOf } from './testing/harness.js';

const keyOf = { a: 'sy-key-a', b: 'sy-key-b' };
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const auth = (who: keyof typeof keyOf) => ({ authorization: `Bearer ${keyOf[who]}` });
const path = '/api/v1/tasks';
const task = { payload: 'hi', parameters: { model: 'm', max_tokens: 200 } };

describe('tasks', () => {
  let harness: Harness;
  const rows = new Map<string, TaskRow>();
  const asked: ListTasks[] = [];
  beforeAll(async () => {
    harness = await Harness.start({
      apiKeys: [
        { name: 'a', account: 'team-a', sha256: sha256(keyOf.a) },
        { name: 'b', account: 'team-b', sha256: sha256(keyOf.b) },
      ],
    });
    await harness.other.answer('rpc.task-tracker.get', 'test', (data) => {
      const { jobId, account } = JSON.parse(new TextDecoder().decode(data));
      const row = rows.get(jobId);
      if (row?.account !== account) throw new AppError('not_found', 'no such job');
      return JSON.stringify(row);
    });
    await harness.other.answer('rpc.task-tracker.list', 'test', (data) => {
      asked.push(JSON.parse(new TextDecoder().decode(data)));
      const page: TaskPage = { tasks: [...rows.values()], nextCursor: 'next' };
      return JSON.stringify(page);
    });
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    harness.jobs.length = 0;
    rows.clear();
    asked.length = 0;
    harness.play = async (played) => {
      await played.start();
      await played.succeed(completion('hello'), { backendModel: 'm:latest' });
    };
  });

  it('are stored and told by their id, before anything runs', async () => {
    harness.play = () => {};
    const body = {
      ...task,
      priority: 9,
      userId: 'u1',
      preferences: { maxCostPerJob: 0.25, allowCloudFallback: false },
    };
    const response = await harness.post(path, body, auth('a'));
    expect(response.status).toBe(202);
    const { task_id, ...rest } = await jsonOf(response);
    expect(rest).toEqual({
      node_id: null,
      status: 'queued',
      message: 'The task is stored and will run.',
      estimated_tokens: 220,
      queue_position: null,
    });
    expect(response.headers.get('location')).toBe(`${path}/${task_id}`);
    const shown = await jsonOf(await harness.fetch(`${path}/${task_id}`, { headers: auth('a') }));
    expect(shown).toMatchObject({
      task_id,
      status: 'queued',
      priority: 9,
      user_id: 'u1',
      result: null,
      error: null,
    });
    await harness.hasJob();
    expect(harness.jobs[0]).toMatchObject({
      id: task_id,
      account: 'team-a',
      userId: 'u1',
      priority: 9,
      hasWaiter: false,
      queueTimeoutMs: 86_400_000,
      body: { model: 'm', max_tokens: 200, messages: [{ role: 'user', content: 'hi' }] },
      preferences: { maxCostUsdMicros: '250000', allowCloudFallback: false },
    });
  });

  it('answer with the final task where the caller waits', async () => {
    const response = await harness.post(`${path}?wait=10000`, task, auth('a'));
    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toMatchObject({
      status: 'completed',
      backend: 'local',
      kind: 'chat',
      retry_count: 0,
      max_attempts: 3,
      progress: 100,
      result: {
        response: 'hello',
        metadata: { model: 'm:latest', finish_reason: 'stop' },
        body: completion('hello'),
      },
      error: null,
    });
  });

  it('answer 202 where the wait passes, and run on', async () => {
    const goOn = gate();
    const ended = gate();
    harness.play = async (played) => {
      await goOn.opened;
      await played.succeed(completion('later'));
      ended.open();
    };
    const response = await harness.post(`${path}?wait=1`, task, auth('a'));
    expect(response.status).toBe(202);
    const { task_id } = await jsonOf(response);
    goOn.open();
    await ended.opened;
    const shown = await jsonOf(await harness.fetch(`${path}/${task_id}`, { headers: auth('a') }));
    expect(shown).toMatchObject({ status: 'completed', result: { response: 'later' } });
  });

  it.each([
    [
      'an object as the body',
      {
        payload: { messages: [{ role: 'user', content: 'x' }], seed: 1 },
        parameters: { model: 'm' },
      },
      'chat',
      { model: 'm', seed: 1, messages: [{ role: 'user', content: 'x' }] },
    ],
    [
      'the payload over the parameters',
      {
        payload: { model: 'm', messages: [{ role: 'user', content: 'x' }] },
        parameters: { model: 'other' },
      },
      'chat',
      { model: 'm', messages: [{ role: 'user', content: 'x' }] },
    ],
    [
      'the public word text',
      { ...task, kind: 'text' },
      'chat',
      { model: 'm', max_tokens: 200, messages: [{ role: 'user', content: 'hi' }] },
    ],
    [
      'a completion',
      { payload: 'hi', parameters: { model: 'm' }, kind: 'completion' },
      'completion',
      { model: 'm', prompt: 'hi' },
    ],
    [
      'an embedding',
      { payload: 'hi', parameters: { model: 'm' }, kind: 'embedding' },
      'embedding',
      { model: 'm', input: 'hi' },
    ],
    [
      'a stream',
      { payload: 'hi', parameters: { model: 'm' }, stream: true },
      'chat',
      { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] },
    ],
  ])('take %s', async (_name, body, kind, wanted) => {
    expect((await harness.post(`${path}?wait=10000`, body, auth('a'))).status).toBe(200);
    await harness.hasJob();
    expect(harness.jobs[0]).toMatchObject({ kind, stream: 'stream' in wanted });
    expect(harness.jobs[0]?.body).toEqual(wanted);
  });

  it('take a job in binary protobuf', async () => {
    const data = Buffer.concat([
      field(2, Buffer.from('completion')),
      field(3, Buffer.from('team-b')),
      field(6, Buffer.from('m')),
      // body: a google.protobuf.Struct of one text field.
      field(
        8,
        field(
          1,
          Buffer.concat([field(1, Buffer.from('prompt')), field(2, field(3, Buffer.from('hi')))]),
        ),
      ),
    ]);
    const headers = { ...auth('a'), 'content-type': 'application/protobuf' };
    const response = await harness.fetch(path, {
      method: 'POST',
      headers,
      body: new Uint8Array(data),
    });
    expect(response.status).toBe(202);
    await harness.hasJob();
    expect(harness.jobs[0]).toMatchObject({
      account: 'team-a',
      kind: 'completion',
      body: { model: 'm', prompt: 'hi' },
    });
  });

  it('count their timeout from the submission', async () => {
    const beforeMs = Date.now();
    await harness.post(`${path}?wait=10000`, { ...task, timeoutMs: 60_000 }, auth('a'));
    await harness.hasJob();
    expect(harness.jobs[0]?.deadlineAtMs).toBeGreaterThanOrEqual(beforeMs + 60_000);
    expect(harness.jobs[0]?.deadlineAtMs).toBeLessThan(Date.now() + 60_001);
  });

  it("are nobody else's: get, cancel and events answer 404 to another account", async () => {
    const { task_id } = await jsonOf(await harness.post(`${path}?wait=10000`, task, auth('a')));
    harness.play = () => {};
    const waiting = await jsonOf(await harness.post(path, task, auth('a')));
    for (const id of [task_id, waiting.task_id]) {
      expect((await harness.fetch(`${path}/${id}`, { headers: auth('b') })).status).toBe(404);
      expect(
        (await harness.fetch(`${path}/${id}`, { method: 'DELETE', headers: auth('b') })).status,
      ).toBe(404);
      expect((await harness.fetch(`${path}/${id}/events`, { headers: auth('b') })).status).toBe(
        404,
      );
      expect((await harness.fetch(`${path}/${id}`, { headers: auth('a') })).status).toBe(200);
    }
  });

  it('have keys of their own account only', async () => {
    const first = await harness.post(path, task, { ...auth('a'), 'idempotency-key': 'same' });
    const second = await harness.post(
      path,
      { ...task, payload: 'other' },
      { ...auth('b'), 'idempotency-key': 'same' },
    );
    expect([first.status, second.status]).toEqual([202, 202]);
    expect((await jsonOf(first)).task_id).not.toBe((await jsonOf(second)).task_id);
  });

  it('are cancelled while they wait, once', async () => {
    harness.play = () => {};
    const { task_id } = await jsonOf(await harness.post(path, task, auth('a')));
    const cancel = () =>
      harness.fetch(`${path}/${task_id}`, { method: 'DELETE', headers: auth('a') });
    const first = await cancel();
    expect(first.status).toBe(202);
    expect(await jsonOf(first)).toMatchObject({ task_id, status: 'cancelled' });
    const second = await cancel();
    expect(second.status).toBe(409);
    expect((await jsonOf(second)).error).toMatchObject({ code: 'conflict' });
    const shown = await jsonOf(await harness.fetch(`${path}/${task_id}`, { headers: auth('a') }));
    expect(shown).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
  });

  it('are cancelled while they run, through their executor', async () => {
    const running = gate();
    harness.play = async (played) => {
      await played.start();
      running.open();
    };
    const { task_id } = await jsonOf(await harness.post(path, task, auth('a')));
    await running.opened;
    const canceled = harness.nextCancel();
    const response = await harness.fetch(`${path}/${task_id}`, {
      method: 'DELETE',
      headers: auth('a'),
    });
    expect(response.status).toBe(202);
    expect(await jsonOf(response)).toMatchObject({ status: 'cancelling', backend: 'local' });
    expect(await canceled).toBe(task_id);
    expect((await harness.other.cells.read(task_id))?.cell.cancelRequested).toBe(true);
  });

  it('cannot be cancelled once they ended', async () => {
    const { task_id } = await jsonOf(await harness.post(`${path}?wait=10000`, task, auth('a')));
    const response = await harness.fetch(`${path}/${task_id}`, {
      method: 'DELETE',
      headers: auth('a'),
    });
    expect(response.status).toBe(409);
  });

  it('tell their states as they change, first as it is and last the terminal one', async () => {
    const steps = { start: gate(), end: gate() };
    harness.play = async (played) => {
      await steps.start.opened;
      await played.start();
      await steps.end.opened;
      await played.succeed(completion('hello'));
    };
    const { task_id } = await jsonOf(await harness.post(path, task, auth('a')));
    const response = await harness.fetch(`${path}/${task_id}/events`, { headers: auth('a') });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const seen: string[] = [];
    let text = '';
    for await (const data of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(data);
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        expect(block).toMatch(/^event: state\ndata: /);
        seen.push(JSON.parse(block.slice(block.indexOf('data: ') + 6)).status);
        if (seen.length === 1) steps.start.open();
        if (seen.length === 2) steps.end.open();
      }
    }
    expect(seen).toEqual(['queued', 'running', 'completed']);
  });

  it('show what only the tracker knows', async () => {
    rows.set('jold', {
      ...row,
      jobId: 'jold',
      account: 'team-a',
      status: 'dispatched',
      backendId: 'local',
    });
    const shown = await jsonOf(await harness.fetch(`${path}/jold`, { headers: auth('a') }));
    expect(shown).toMatchObject({
      task_id: 'jold',
      status: 'assigned',
      backend: 'local',
      created_at: '2023-11-14T22:13:20.000Z',
    });
    expect((await harness.fetch(`${path}/jold`, { headers: auth('b') })).status).toBe(404);
  });

  it('are listed with filters in our words', async () => {
    rows.set('j1', { ...row, jobId: 'j1', account: 'team-a', status: 'expired' });
    const query =
      'status=failed,queued&backend=local&kind=text&from=2023-11-14T22:13:20Z&to=1800000000000&limit=7&cursor=c';
    const { tasks, next_cursor } = await jsonOf(
      await harness.fetch(`${path}?${query}`, { headers: auth('a') }),
    );
    expect(asked).toEqual([
      {
        account: 'team-a',
        status: ['failed', 'expired', 'waiting', 'retrying'],
        backendId: 'local',
        kind: 'chat',
        fromMs: 1_700_000_000_000,
        toMs: 1_800_000_000_000,
        limit: 7,
        cursor: 'c',
      },
    ]);
    expect(next_cursor).toBe('next');
    expect(tasks).toMatchObject([
      { task_id: 'j1', status: 'failed', error: { code: 'deadline_exceeded' } },
    ]);
  });

  it('of another account are an empty list', async () => {
    const response = await harness.fetch(`${path}?account=team-b`, { headers: auth('a') });
    expect(await jsonOf(response)).toEqual({ tasks: [], next_cursor: null });
    expect(asked).toEqual([]);
  });
});

/** One length-delimited field of a protobuf message, by its number; short ones only. */
const field = (number: number, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, data.length]), data]);

const row: Omit<TaskRow, 'jobId' | 'account' | 'status'> = {
  kind: 'chat',
  model: 'm',
  priority: 5,
  attemptNo: 1,
  attempts: [],
  submittedAtMs: 1_700_000_000_000,
  updatedAtMs: 1_700_000_000_000,
};
