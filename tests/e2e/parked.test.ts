import { startFakeOpenAi, startTestNats } from '@switchyard/testing';
import { Started } from './started.js';
import { chatJob, openClient, startExecutor, startRouter, testBackend } from './yard.js';

describe('a job that its backend refuses for its rate', () => {
  const started = new Started();
  afterEach(() => started.stop());

  const open = async () => {
    const nats = started.keep(await startTestNats());
    const client = await openClient(nats.url);
    started.keep({ stop: client.close });
    return { nats, client };
  };

  it('waits as long as the backend says, and uses no attempt', async () => {
    const { nats, client } = await open();
    const limited = { kind: 'rateLimited', retryAfter: '1' } as const;
    const faults = { at: { 0: limited, 1: limited, 2: limited } };
    const fake = started.keep(await startFakeOpenAi({ models: ['fake-model'], faults }));
    started.keep(await startExecutor(nats.url, [testBackend('one', fake.url)]));
    started.keep(await startRouter(nats.url));
    await client.submit(chatJob('job-1'));
    const cell = await client.outcome('job-1');
    expect(cell).toMatchObject({ status: 'succeeded', attemptNo: 4, parked: 3 });
    expect(cell.attempts?.map(({ failure }) => failure?.code)).toEqual([undefined]);
    expect(fake.counts.calls).toBe(4);
  }, 20_000);

  it('goes to another backend at once', async () => {
    const { nats, client } = await open();
    const all = { kind: 'rateLimited', retryAfter: '30' } as const;
    const busy = started.keep(await startFakeOpenAi({ models: ['fake-model'], faults: { all } }));
    const free = started.keep(await startFakeOpenAi({ models: ['fake-model'] }));
    const backends = [
      testBackend('busy', busy.url),
      testBackend('free', free.url, { priority: 2 }),
    ];
    started.keep(await startExecutor(nats.url, backends));
    started.keep(await startRouter(nats.url));
    await client.submit(chatJob('job-1'));
    const cell = await client.outcome('job-1');
    expect(cell).toMatchObject({ status: 'succeeded', backendId: 'free', parked: 1 });
    expect([busy.counts.calls, free.counts.calls]).toEqual([1, 1]);
  });

  it('fails where the backend asks for more time than it has', async () => {
    const { nats, client } = await open();
    const all = { kind: 'rateLimited', retryAfter: '30' } as const;
    const fake = started.keep(await startFakeOpenAi({ models: ['fake-model'], faults: { all } }));
    started.keep(await startExecutor(nats.url, [testBackend('one', fake.url)]));
    started.keep(await startRouter(nats.url));
    await client.submit({ ...chatJob('job-1'), deadlineAtMs: Date.now() + 2_000 });
    const cell = await client.outcome('job-1');
    expect(cell.status).toBe('expired');
    expect(fake.counts.calls).toBe(1);
  }, 20_000);
});
