import { startFakeOpenAi, startTestNats } from '@switchyard/testing';
import { subjects } from '@switchyard/contracts';
import { Started } from './started.js';
import {
  chatJob,
  eventually,
  openClient,
  startExecutor,
  startRouter,
  testBackend,
} from './yard.js';

describe('the life of a job on the NATS door', () => {
  const started = new Started();
  afterEach(() => started.stop());

  const open = async () => {
    const nats = started.keep(await startTestNats());
    const fake = started.keep(await startFakeOpenAi({ models: ['fake-model'] }));
    const client = await openClient(nats.url);
    started.keep({ stop: client.close });
    return { nats, fake, client };
  };

  it('runs a job from submission to outcome', async () => {
    const { nats, fake, client } = await open();
    started.keep(await startExecutor(nats.url, [testBackend('one', fake.url)]));
    started.keep(await startRouter(nats.url));
    await client.submit(chatJob('job-1'));
    const cell = await client.outcome('job-1');
    expect({ status: cell.status, backendId: cell.backendId, attemptNo: cell.attemptNo }).toEqual({
      status: 'succeeded',
      backendId: 'one',
      attemptNo: 1,
    });
    expect(cell.outcome?.usage?.basis).toBe('reported');
  });

  it('derives the id of a submission that brings none from the stream and its sequence', async () => {
    const { nats, fake, client } = await open();
    started.keep(await startExecutor(nats.url, [testBackend('one', fake.url)]));
    started.keep(await startRouter(nats.url));
    const stored = await client.submit(chatJob(''));
    const { createdAtMs } = await client.bus.streamState('JOBS');
    const seq = stored.kind === 'stored' ? stored.seq : 0;
    const cell = await client.outcome(`r${createdAtMs.toString(36)}-${seq.toString(36)}`);
    expect(cell.status).toBe('succeeded');
  });

  it('fails over to another backend where the first answers 500', async () => {
    const { nats, fake, client } = await open();
    const broken = started.keep(
      await startFakeOpenAi({
        models: ['fake-model'],
        faults: { all: { kind: 'status', status: 500 } },
      }),
    );
    const backends = [
      testBackend('broken', broken.url),
      testBackend('sound', fake.url, { priority: 2 }),
    ];
    started.keep(await startExecutor(nats.url, backends));
    started.keep(await startRouter(nats.url));
    await client.submit(chatJob('job-1'));
    const cell = await client.outcome('job-1');
    expect({ status: cell.status, backendId: cell.backendId, attemptNo: cell.attemptNo }).toEqual({
      status: 'succeeded',
      backendId: 'sound',
      attemptNo: 2,
    });
    expect(cell.attempts?.map((attempt) => [attempt.backendId, attempt.failure?.code])).toEqual([
      ['broken', 'upstream_error'],
      ['sound', undefined],
    ]);
  });

  it('ends after three attempts with the last failure and one dead letter', async () => {
    const { nats, client } = await open();
    const broken = started.keep(
      await startFakeOpenAi({
        models: ['fake-model'],
        faults: { all: { kind: 'status', status: 500 } },
      }),
    );
    started.keep(await startExecutor(nats.url, [testBackend('broken', broken.url)]));
    started.keep(await startRouter(nats.url));
    await client.submit(chatJob('job-1'));
    const cell = await client.outcome('job-1');
    expect({
      status: cell.status,
      code: cell.outcome?.failure?.code,
      calls: broken.counts.calls,
    }).toEqual({
      status: 'failed',
      code: 'upstream_error',
      calls: 3,
    });
    expect((await client.bus.streamState('DEAD')).messages).toBe(1);
  });

  it('does not retry what the backend refuses as invalid', async () => {
    const { nats, client } = await open();
    const broken = started.keep(
      await startFakeOpenAi({
        models: ['fake-model'],
        faults: { all: { kind: 'status', status: 400 } },
      }),
    );
    started.keep(await startExecutor(nats.url, [testBackend('broken', broken.url)]));
    started.keep(await startRouter(nats.url));
    await client.submit(chatJob('job-1'));
    const cell = await client.outcome('job-1');
    expect({ code: cell.outcome?.failure?.code, calls: broken.counts.calls }).toEqual({
      code: 'invalid_request',
      calls: 1,
    });
  });

  it('refuses a model that no backend has', async () => {
    const { nats, fake, client } = await open();
    started.keep(await startExecutor(nats.url, [testBackend('one', fake.url)]));
    started.keep(await startRouter(nats.url));
    await client.submit(
      chatJob('job-1', { body: { model: 'nobody', messages: [{ role: 'user', content: 'x' }] } }),
    );
    const cell = await client.outcome('job-1');
    expect({ status: cell.status, failure: cell.outcome?.failure }).toEqual({
      status: 'failed',
      failure: { code: 'not_found', message: 'model: no backend has "nobody" for chat' },
    });
  });

  it('expires a job that nobody could take in time', async () => {
    const { nats, client } = await open();
    const dead = started.keep(await startFakeOpenAi({ models: ['fake-model'] }));
    started.keep(
      await startExecutor(nats.url, [testBackend('one', dead.url, { maxConcurrentRequests: 0 })]),
    );
    started.keep(await startRouter(nats.url, { maxWaitMs: 500 }));
    await client.submit(chatJob('job-1'));
    const cell = await client.outcome('job-1');
    expect({ status: cell.status, code: cell.outcome?.failure?.code }).toEqual({
      status: 'expired',
      code: 'no_backend_available',
    });
  });

  it('cancels a running job and closes the connection to its backend', async () => {
    const { nats, client } = await open();
    const slow = started.keep(
      await startFakeOpenAi({ models: ['fake-model'], faults: { all: { kind: 'hang' } } }),
    );
    started.keep(await startExecutor(nats.url, [testBackend('slow', slow.url)]));
    started.keep(await startRouter(nats.url));
    await client.submit(chatJob('job-1'));
    let running = await client.bus.cells.read('job-1');
    while (running?.cell.status !== 'running') running = await client.bus.cells.read('job-1');
    const asked = { ...running.cell, jobId: 'job-1', cancelRequested: true };
    await client.bus.cells.write(asked, running.seq);
    client.bus.emit(subjects.cancel('job-1'), '');
    const cell = await client.outcome('job-1');
    expect(cell.status).toBe('canceled');
    await eventually(() => expect(slow.counts.aborted).toBe(1));
  });

  it.each([
    ['no JSON', 'jobs.submit.normal.chat.default', '{'],
    ['no body', 'jobs.submit.normal.chat.default', '{}'],
    ['an unknown field', 'jobs.submit.normal.chat.default', '{"colour":"red"}'],
    [
      'a wrong type',
      'jobs.submit.normal.chat.default',
      '{"priority":"urgent","body":{"model":"m","messages":[]}}',
    ],
    ['an unknown kind', 'jobs.submit.normal.song.default', '{"body":{}}'],
    ['a kind nobody runs', 'jobs.submit.normal.video.default', '{"body":{}}'],
    [
      'an unknown strategy',
      'jobs.submit.normal.chat.default',
      JSON.stringify({ ...chatJob(''), strategy: 'luck' }),
    ],
  ])('answers a message with %s by a dead letter, and goes on', async (_case, subject, data) => {
    const { nats, fake, client } = await open();
    started.keep(await startExecutor(nats.url, [testBackend('one', fake.url)]));
    started.keep(await startRouter(nats.url));
    await client.bus.publish(subject, data);
    await client.submit(chatJob('after'));
    expect((await client.outcome('after')).status).toBe('succeeded');
    await eventually(async () => expect((await client.bus.streamState('DEAD')).messages).toBe(1));
  });

  it('does not take a message of an unknown class, and says so to its publisher', async () => {
    const { nats, client } = await open();
    started.keep(await startRouter(nats.url));
    await expect(client.bus.publish('jobs.submit.urgent.chat.default', '{}')).rejects.toMatchObject(
      {
        code: 'unavailable',
      },
    );
  });
});
