import { startFakeOpenAi, startTestNats } from '@switchyard/testing';
import { chatJob, openClient, startExecutor, startRouter, testBackend } from './yard.js';

describe('the life of a job on the NATS door', () => {
  const opened: { stop(): Promise<unknown> }[] = [];
  const keep = <T extends { stop(): Promise<unknown> }>(thing: T): T => {
    opened.unshift(thing);
    return thing;
  };
  afterEach(async () => {
    for (const thing of opened.splice(0)) await thing.stop();
  });

  const open = async () => {
    const nats = keep(await startTestNats());
    const fake = keep(await startFakeOpenAi({ models: ['fake-model'] }));
    const client = await openClient(nats.url);
    keep({ stop: client.close });
    return { nats, fake, client };
  };

  it('runs a job from submission to outcome', async () => {
    const { nats, fake, client } = await open();
    keep(await startExecutor(nats.url, [testBackend('one', fake.url)]));
    keep(await startRouter(nats.url));
    await client.submit(chatJob('job-1'));
    const cell = await client.outcome('job-1');
    if (cell.status !== 'succeeded') console.error(JSON.stringify(cell));
    expect({ status: cell.status, backendId: cell.backendId, attemptNo: cell.attemptNo }).toEqual({
      status: 'succeeded',
      backendId: 'one',
      attemptNo: 1,
    });
    expect(cell.outcome?.usage?.basis).toBe('reported');
  });
});
