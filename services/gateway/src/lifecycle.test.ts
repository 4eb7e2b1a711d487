import { consumers, streams } from '@switchyard/contracts';
import { completion, delta, gate, Harness, jsonOf } from './testing/harness.js';

const chat = (fields: object = {}) => ({
  model: 'm',
  messages: [{ role: 'user', content: 'hi' }],
  ...fields,
});
const path = '/v1/chat/completions';

describe('idempotency', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    harness.jobs.length = 0;
    harness.play = async (played) => {
      if (await played.start()) await played.succeed(completion('once'));
    };
  });

  it('makes one job of 50 requests at once, and gives all of them its answer', async () => {
    let starts = 0;
    harness.play = async (played) => {
      if (!(await played.start())) return;
      starts += 1;
      await played.succeed(completion('once'));
    };
    const headers = { 'idempotency-key': 'fifty' };
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => harness.post(path, chat(), headers)),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(
      new Set(responses.map((response) => response.headers.get('x-switchyard-job'))).size,
    ).toBe(1);
    const bodies = await Promise.all(responses.map((response) => response.text()));
    expect(new Set(bodies)).toEqual(new Set([JSON.stringify(completion('once'))]));
    expect(starts).toBe(1);
  });

  it('answers again with the first outcome, failures too', async () => {
    const headers = { 'idempotency-key': 'fails' };
    harness.play = async (played) => {
      if (!(await played.start())) return;
      await played.end({ status: 'failed', failure: { code: 'upstream_error', message: 'first' } });
    };
    const first = await harness.post(path, chat(), headers);
    harness.play = (played) => played.succeed(completion('second'));
    const second = await harness.post(path, chat(), headers);
    expect([first.status, second.status]).toEqual([502, 502]);
    expect(await second.text()).toBe(await first.text());
    expect(harness.jobs).toHaveLength(1);
  });

  it('takes the same request in another spelling for the same', async () => {
    const headers = { 'idempotency-key': 'spelling' };
    await harness.post(path, '{"model":"m","messages":[{"role":"user","content":"hi"}]}', headers);
    const other = '{ "messages": [{"content":"hi", "role":"user"}], "model": "m" }';
    const second = await harness.post(path, other, headers);
    expect(second.status).toBe(200);
    expect(harness.jobs).toHaveLength(1);
  });

  it('refuses the key with another body, on the same and on the other door', async () => {
    const headers = { 'idempotency-key': 'other-body' };
    expect((await harness.post(path, chat(), headers)).status).toBe(200);
    const openAi = await harness.post(path, chat({ seed: 2 }), headers);
    expect(openAi.status).toBe(409);
    expect((await jsonOf(openAi)).error.code).toBe('conflict');
    const task = { payload: chat() };
    expect((await harness.post('/api/v1/tasks', task, headers)).status).toBe(409);
    expect(harness.jobs).toHaveLength(1);
  });

  it('answers the same task for the same key', async () => {
    const headers = { 'idempotency-key': 'task' };
    const task = { payload: 'hi', parameters: { model: 'm' } };
    const first = await harness.post('/api/v1/tasks?wait=10000', task, headers);
    const second = await harness.post('/api/v1/tasks', task, headers);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(await jsonOf(second)).toEqual(await jsonOf(first));
  });

  it('does not end a keyed job whose client leaves: it may come back for the answer', async () => {
    const running = gate();
    const waiting = gate<string>();
    const goOn = gate();
    harness.play = async (played) => {
      if (!played.job.idempotencyKey) return waiting.open(played.job.id);
      if (!(await played.start())) return;
      running.open();
      await goOn.opened;
      await played.succeed(completion('kept'));
    };
    const cancels: string[] = [];
    const stop = harness.other.listen('cancel.*', (subject) => cancels.push(subject));
    const headers = { 'idempotency-key': 'leaves' };
    const leaving = new AbortController();
    const keyed = harness.post(path, chat(), headers, leaving.signal);
    await running.opened;
    leaving.abort();
    await expect(keyed).rejects.toThrow('aborted');
    // One without a key that leaves after it: once that one is cancelled, the first leaving was
    // seen too.
    const alsoLeaving = new AbortController();
    const canceled = harness.nextCancel();
    const unkeyed = harness.post(path, chat(), {}, alsoLeaving.signal);
    const unkeyedId = await waiting.opened;
    alsoLeaving.abort();
    await expect(unkeyed).rejects.toThrow('aborted');
    await canceled;
    expect(cancels).toEqual([`cancel.${unkeyedId}`]);
    stop();
    const again = harness.post(path, chat(), headers);
    goOn.open();
    expect(await jsonOf(await again)).toEqual(completion('kept'));
  });
});

describe('a client that leaves', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.stop());

  it('ends a job that still waits', async () => {
    const taken = gate<string>();
    harness.play = (played) => taken.open(played.job.id);
    const leaving = new AbortController();
    const canceled = harness.nextCancel();
    const response = harness.post(path, chat(), {}, leaving.signal);
    const jobId = await taken.opened;
    leaving.abort();
    await expect(response).rejects.toThrow('aborted');
    expect(await canceled).toBe(jobId);
    const read = await harness.other.cells.read(jobId);
    expect(read?.cell).toMatchObject({
      status: 'canceled',
      account: 'default',
      kind: 'chat',
      model: 'm',
    });
  });

  it('has a running job stopped by its executor', async () => {
    const running = gate<string>();
    harness.play = async (played) => {
      await played.start();
      running.open(played.job.id);
    };
    const leaving = new AbortController();
    const canceled = harness.nextCancel();
    const response = harness.post(path, chat(), {}, leaving.signal);
    const jobId = await running.opened;
    leaving.abort();
    await expect(response).rejects.toThrow('aborted');
    expect(await canceled).toBe(jobId);
    const read = await harness.other.cells.read(jobId);
    expect(read?.cell).toMatchObject({
      status: 'running',
      cancelRequested: true,
      attemptNo: 1,
      executorId: 'test',
    });
  });

  it('has a running stream stopped too', async () => {
    harness.play = async (played) => {
      await played.start();
      played.chunk(0, [delta('a')]);
    };
    const leaving = new AbortController();
    const canceled = harness.nextCancel();
    const response = await harness.post(path, chat({ stream: true }), {}, leaving.signal);
    const reader = response.body?.getReader();
    await reader?.read();
    leaving.abort();
    expect(await canceled).toBe(response.headers.get('x-switchyard-job'));
  });
});

describe('waiting', () => {
  it('ends a job that no backend takes, though no router is there', async () => {
    const harness = await Harness.start({ queue: { timeoutMs: 1 }, graceMs: 10 });
    harness.play = () => {};
    const response = await harness.post(path, chat());
    expect(response.status).toBe(504);
    expect((await jsonOf(response)).error.code).toBe('deadline_exceeded');
    const read = await harness.other.cells.read(response.headers.get('x-switchyard-job') ?? '');
    expect(read?.cell.status).toBe('expired');
    await harness.stop();
  });

  it.each([
    ['expired', undefined, 504, 'deadline_exceeded'],
    ['expired', 'no_backend_available', 503, 'no_backend_available'],
    ['failed', 'not_found', 404, 'model_not_found'],
    ['failed', 'rate_limited', 429, 'rate_limit_exceeded'],
    ['failed', 'invalid_request', 400, 'invalid_request'],
    ['failed', 'a_code_of_another_version', 500, 'internal'],
    ['canceled', undefined, 499, 'cancelled'],
  ])('answers the outcome %s (%s) with %i', async (status, code, httpStatus, shown) => {
    const failure = code === undefined ? undefined : { code, message: 'said so' };
    shared.play = (played) => played.end({ status, failure });
    const response = await shared.post(path, chat());
    expect(response.status).toBe(httpStatus);
    expect((await jsonOf(response)).error.code).toBe(shown);
  });

  let shared: Harness;
  beforeAll(async () => {
    shared = await Harness.start();
  });
  afterAll(() => shared.stop());

  it('gives an outcome that was only written, and never told', async () => {
    shared.play = async (played) => {
      await played.start();
      const read = await shared.other.cells.read(played.job.id);
      const cell = {
        ...read?.cell,
        jobId: played.job.id,
        status: 'succeeded',
        outcome: { status: 'succeeded', result: { body: completion('quiet') } },
      };
      await shared.other.cells.write(cell, read?.seq ?? 0);
    };
    expect(await jsonOf(await shared.post(path, chat()))).toEqual(completion('quiet'));
  });

  it('fetches a result from where it lies', async () => {
    const large = completion('x'.repeat(50_000));
    shared.play = async (played) => {
      await shared.other.publish(`results.blob.${played.job.id}.1`, JSON.stringify(large));
      await played.end({ status: 'succeeded', result: { bodyRef: `blob:${played.job.id}.1` } });
    };
    expect(await jsonOf(await shared.post(path, chat()))).toEqual(large);
    shared.play = async (played) => {
      const objects = await shared.other.objects();
      await objects.put(`${played.job.id}/out.1`, Buffer.from(JSON.stringify(large)));
      await played.end({
        status: 'succeeded',
        result: { bodyRef: `object:${played.job.id}/out.1` },
      });
    };
    expect(await jsonOf(await shared.post(path, chat()))).toEqual(large);
  });

  it('sends a body over the inline limit through the object store', async () => {
    shared.jobs.length = 0;
    const content = 'y'.repeat(100_000);
    shared.play = async (played) => {
      const data = await (await shared.other.objects()).get(played.job.bodyRef ?? '');
      const body = JSON.parse(new TextDecoder().decode(data));
      await played.succeed(completion(String(body.messages[0].content.length)));
    };
    const response = await shared.post(path, chat({ messages: [{ role: 'user', content }] }));
    expect(await jsonOf(response)).toEqual(completion('100000'));
    expect(shared.jobs[0]?.body).toBeUndefined();
  });
});

describe('while NATS is away', () => {
  it('answers 503 with Retry-After, keeps who waits, and goes on when it is back', async () => {
    const harness = await Harness.start();
    const running = gate();
    const goOn = gate();
    harness.play = async (played) => {
      await played.start();
      running.open();
      await goOn.opened;
      await played.succeed(completion('after the storm'));
    };
    const waiting = harness.post(path, chat());
    await running.opened;
    const lost = harness.connection(false);
    await harness.nats.kill9();
    await lost;
    for (const request of [
      harness.post(path, chat()),
      harness.post(path, chat({ stream: true })),
      harness.post('/api/v1/tasks', { payload: chat() }),
    ]) {
      const response = await request;
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
      expect(response.headers.get('x-switchyard-job')).toBeTruthy();
      const { error } = await jsonOf(response);
      expect(error.code).toBe('unavailable');
      expect(error.job_id ?? error.taskId).toBe(response.headers.get('x-switchyard-job'));
    }
    const health = await harness.fetch('/health');
    expect(health.status).toBe(503);
    const back = harness.connection(true);
    await harness.nats.restart();
    await back;
    await harness.otherConnected();
    goOn.open();
    expect(await jsonOf(await waiting)).toEqual(completion('after the storm'));
    harness.play = (played) => played.succeed(completion('new'));
    expect(await jsonOf(await harness.post(path, chat()))).toEqual(completion('new'));
    expect((await harness.fetch('/health')).status).toBe(200);
    await harness.stop();
  });
});

describe('a process beside which a stream was deleted', () => {
  it('is not ready until the consumer on it is there again', async () => {
    const harness = await Harness.start();
    const { bus, other } = harness;
    // As in a standalone, where the gateway has the connection of all services.
    const consumer = consumers.dispatches('one');
    const handle = () => ({ kind: 'hold' }) as const;
    await bus.consume({ consumer, concurrency: 1, handle, onProblem: () => {} });
    const health = async () => {
      const response = await harness.fetch('/health');
      return [response.status, (await jsonOf(response)).details.consumers.status];
    };
    expect(await health()).toEqual([200, 'up']);
    await other.ask('$JS.API.STREAM.DELETE.DISPATCH', '');
    while (bus.isHealthy) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await health()).toEqual([503, 'down']);
    await other.provision(Object.values(streams({ queueCapacity: 1_000 })), 1);
    while (!bus.isHealthy) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await health()).toEqual([200, 'up']);
    await harness.stop();
  });
});

describe('a restarted nats-server', () => {
  it('gets the stream of chunks again, which it kept in memory only', async () => {
    const harness = await Harness.start();
    const lost = harness.connection(false);
    await harness.nats.kill9();
    await lost;
    const back = harness.connection(true);
    await harness.nats.restart();
    await back;
    await harness.otherConnected();
    let found: object | undefined;
    while (!found) found = await harness.other.streamState('CHUNKS').catch(() => undefined);
    expect(found).toMatchObject({ messages: 0 });
    await harness.stop();
  });
});

describe('stopping', () => {
  it('answers what was accepted before it stops', async () => {
    const harness = await Harness.start();
    const running = gate();
    const goOn = gate();
    harness.play = async (played) => {
      await played.start();
      running.open();
      await goOn.opened;
      await played.succeed(completion('last'));
    };
    const { address } = harness.gateway;
    const waiting = harness.post(path, chat());
    await running.opened;
    const closed = harness.gateway.close();
    goOn.open();
    const response = await waiting;
    expect(await jsonOf(response)).toEqual(completion('last'));
    await closed;
    await expect(fetch(`${address}/health`)).rejects.toThrow('fetch failed');
    await harness.stop();
  });
});
