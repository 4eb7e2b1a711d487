import { startFakeOpenAi, startTcpProxy, startTestNats } from '@switchyard/testing';
import { Started } from './started.js';
import { chatJob, openClient, startExecutor, startRouter, testBackend } from './yard.js';

/** What the server has sent into a connection that breaks was received by nobody. */
describe('a connection to NATS that breaks for a moment', () => {
  const started = new Started();
  afterEach(() => started.stop());

  it('costs a job on its way to the router no 15 minutes', async () => {
    const nats = started.keep(await startTestNats());
    const fake = started.keep(await startFakeOpenAi({ models: ['fake-model'] }));
    const proxy = started.keep(await startTcpProxy(Number(new URL(nats.url).port)));
    const client = await openClient(nats.url);
    started.keep({ stop: client.close });
    started.keep(await startExecutor(nats.url, [testBackend('one', fake.url)]));
    started.keep(await startRouter(`nats://127.0.0.1:${proxy.port}`));
    await client.submit(chatJob('before'));
    expect(await client.outcome('before')).toMatchObject({ status: 'succeeded' });

    proxy.stall();
    await client.submit(chatJob('meanwhile'));
    await client.bus.flush();
    proxy.cut();
    expect(await client.outcome('meanwhile')).toMatchObject({ status: 'succeeded' });
  }, 20_000);
});
