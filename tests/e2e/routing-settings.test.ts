import { Bus } from '@switchyard/bus';
import { decode, encode, type RoutingView, routingSettings, subjects } from '@switchyard/contracts';
import { startTestNats } from '@switchyard/testing';
import { Started } from './started.js';
import { eventually, startRouter } from './yard.js';

/** What was changed of routing is no router's own. */
describe('settings of routing', () => {
  const started = new Started();
  afterAll(() => started.stop());

  it('hold at the router that runs, and at the one that comes after it', async () => {
    const nats = started.keep(await startTestNats());
    const first = await startRouter(nats.url);
    const bus = await Bus.connect({ url: nats.url, name: 'test' });
    started.keep({ stop: () => bus.drain(100) });
    const view = async () =>
      decode<RoutingView>(await bus.ask(subjects.rpc('router', 'routing'), encode({})));
    const settings = await bus.keyValues('settings');
    await settings.put(routingSettings.strategy, {
      strategy: 'round_robin',
      pools: { embedding: 'random' },
      changedAtMs: 1,
      changedBy: 'ops',
    });
    await settings.put(routingSettings.preferences, { allowCloudFallback: false });
    const holds = async () =>
      expect(await view()).toMatchObject({
        strategies: { chat: 'round_robin', embedding: 'random' },
        configured: { chat: 'score', embedding: 'score' },
        preferences: { allowCloudFallback: false },
      });
    await eventually(holds);
    await first.stop();
    started.keep(await startRouter(nats.url));
    await eventually(holds);
    await settings.delete(routingSettings.strategy);
    await eventually(async () => expect((await view()).strategies.chat).toBe('score'));
  }, 30_000);
});
