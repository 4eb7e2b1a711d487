import { Bus } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { noFaults, silentLog } from '@switchyard/domain';
import { createGateway, noMetrics } from '@switchyard/service-gateway';
import { noTracing } from '@switchyard/telemetry';
import { startFakeOpenAi } from '@switchyard/testing';
import { apiKeyOf, type House, startHouse } from './house.js';
import { Started } from './started.js';
import { testBackend } from './yard.js';

const messages = [{ role: 'user', content: 'hi' }];
const ask = JSON.stringify({ model: 'm', messages, max_tokens: 500 });

/** A house, and one more gateway on its NATS, with the limits of a door. */
describe('the limits of the doors', () => {
  const started = new Started();
  let house: House;
  const urls: string[] = [];
  let tell: (config: Config) => void = () => {};

  beforeAll(async () => {
    const fake = started.keep(await startFakeOpenAi({ models: ['m'] }));
    const apiKeys = ['few', 'many', 'later'].map((name) => apiKeyOf(`key-${name}`, name));
    house = started.keep(
      await startHouse({
        backends: [testBackend('one', fake.url)],
        apiKeys,
        limits: { accounts: { few: { requestsPerMinute: 10 }, many: { tokensPerMinute: 2_000 } } },
      }),
    );
    const bus = await Bus.connect({ url: house.nats.url, name: 'gateway-2' });
    started.keep({ stop: () => bus.drain() });
    const gateway = await createGateway({
      bus,
      config: house.config,
      log: silentLog,
      metrics: noMetrics,
      tracing: noTracing,
      instanceId: 'gateway-2',
      now: Date.now,
      faultPoint: noFaults,
      reloads: {
        onChange(listener) {
          tell = listener;
          return () => {};
        },
      },
    });
    await gateway.listen('127.0.0.1', 0);
    started.keep({ stop: () => gateway.close() });
    urls.push(house.url, gateway.address);
  }, 60_000);
  afterAll(() => started.stop());

  const chat = (at: number, account: string) =>
    fetch(`${urls[at % urls.length]}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer key-${account}` },
      body: ask,
    });

  it('hold for all gateways together, in a burst too', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => chat(at, 'few')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
    const refused = answers.filter(({ status }) => status === 429);
    const soonest = Math.min(...refused.map(({ headers }) => Number(headers.get('retry-after'))));
    expect(soonest).toBeGreaterThan(50);
    const left = answers.map(({ headers }) => headers.get('x-ratelimit-remaining-requests'));
    expect(new Set(left)).toEqual(new Set([...Array(10).keys()].map(String)));
  });

  it('count tokens as they were in the end, whichever gateway knows that', async () => {
    const used = async (at: number) => {
      const response = await chat(at, 'many');
      const left = Number(response.headers.get('x-ratelimit-remaining-tokens'));
      const { usage } = (await response.json()) as { usage: { total_tokens: number } };
      return { reserved: 2_000 - left, took: usage.total_tokens };
    };
    const first = await used(0);
    const second = await used(1);
    const third = await used(1);
    // Each counts what it reserved itself, and what those before it really took.
    expect(first.reserved).toBeGreaterThan(500);
    expect(second.reserved - first.reserved).toBe(first.took);
    expect(third.reserved - second.reserved).toBe(second.took);
  });

  it('follow a reload of the configuration', async () => {
    expect((await chat(1, 'later')).headers.get('x-ratelimit-limit')).toBeNull();
    tell({ ...house.config, accounts: { later: { requestsPerMinute: 1 } } });
    expect((await chat(1, 'later')).status).toBe(200);
    expect((await chat(1, 'later')).status).toBe(429);
    expect((await chat(1, 'few')).status).toBe(200);
  });
});
