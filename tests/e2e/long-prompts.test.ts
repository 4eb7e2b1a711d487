import { Bus } from '@switchyard/bus';
import { loadConfig } from '@switchyard/config';
import { buckets, decode, patterns, routingSettings, subjects } from '@switchyard/contracts';
import type { WireDecision, WireJob } from '@switchyard/contracts';
import { noFaults, silentLog } from '@switchyard/domain';
import type { DecisionRecord } from '@switchyard/routing';
import { createGateway, noMetrics } from '@switchyard/service-gateway';
import { noTracing } from '@switchyard/telemetry';
import { startFakeOpenAi, startTestNats } from '@switchyard/testing';
import { Started } from './house.js';
import { eventually, openClient, startExecutor, startRouter, testBackend } from './yard.js';

const inlineLimitBytes = 16 * 1024;

/** A gateway on a connection of its own, which no router shares: it has no express lane. */
async function startGateway(url: string) {
  const bus = await Bus.connect({ url, name: 'gateway' });
  const config = loadConfig({ env: {}, cwd: '/', readFile: () => undefined });
  const gateway = await createGateway({
    bus,
    config: { ...config, nats: { ...config.nats, inlineLimitBytes } },
    log: silentLog,
    metrics: noMetrics,
    tracing: noTracing,
    instanceId: 'gateway-1',
    now: Date.now,
    faultPoint: noFaults,
  });
  await gateway.listen('127.0.0.1', 0);
  return {
    url: gateway.address,
    stop: () => gateway.close(1_000).then(() => bus.drain(1_000)),
  };
}

describe('prompts that are too long to travel with their jobs', () => {
  const started = new Started();
  const decided = new Map<string, WireDecision>();
  const submitted = new Map<string, WireJob>();
  let url = '';
  let router: Awaited<ReturnType<typeof startRouter>>['router'];
  let client: Awaited<ReturnType<typeof openClient>>;

  beforeAll(async () => {
    const nats = started.keep(await startTestNats());
    const fakes = [];
    for (const models of [['fake-model'], ['fake-model'], ['fake-model']]) {
      fakes.push(started.keep(await startFakeOpenAi({ models })));
    }
    ({ router } = started.keep(await startRouter(nats.url)));
    const backends = fakes.map((fake, at) => testBackend(`gpu-${at}`, fake.url));
    started.keep(await startExecutor(nats.url, backends));
    const gateway = started.keep(await startGateway(nats.url));
    url = gateway.url;
    client = await openClient(nats.url);
    started.keep({ stop: () => client.close() });
    client.bus.listen(subjects.jobEvent('decided'), (_subject, data) => {
      const told = decode<WireDecision>(data);
      decided.set(told.jobId ?? '', told);
    });
    client.bus.listen(patterns.submitClass('normal'), (_subject, data) => {
      const job = decode<WireJob>(data);
      submitted.set(job.id ?? '', job);
    });
    await client.bus.flush();
  }, 60_000);
  afterAll(() => started.stop());

  /** Asks with a text of so many characters that is the speaker's own; how it was decided. */
  const ask = async (name: string, characters: number, question: string) => {
    const content = `${name} speaks. `.repeat(characters).slice(0, characters);
    const messages = [
      { role: 'system', content },
      { role: 'user', content: question },
    ];
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'fake-model', messages }),
    });
    expect(answer.status).toBe(200);
    await answer.text();
    const jobId = answer.headers.get('x-switchyard-job') ?? '';
    await eventually(() =>
      expect([decided.has(jobId), submitted.has(jobId)]).toEqual([true, true]),
    );
    // What still runs counts against the backend that has the prompt.
    await eventually(() =>
      expect(router.backends.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]),
    );
    const { record, backendId = '' } = decided.get(jobId) as WireDecision;
    const { facts, strategy } = record as unknown as DecisionRecord;
    const job = submitted.get(jobId) as WireJob;
    return { strategy, backendId, hitTokens: facts?.hitTokens[backendId], job };
  };
  const changeStrategy = async (strategy: string) => {
    const settings = await client.bus.keyValues<object>(buckets.settings.name);
    await settings.put(routingSettings.strategy, { strategy, pools: {} });
    await eventually(async () => expect((await ask('x', 10, 'y')).strategy).toBe(strategy));
  };

  it('have no keys where no strategy asks for them', async () => {
    const { job, hitTokens } = await ask('ann', 40_000, 'Where?');
    expect([job.bodyRef === undefined, job.body]).toEqual([false, undefined]);
    expect([job.promptKeys, hitTokens]).toEqual([undefined, undefined]);
  });

  it('are found in the cache where they were served', async () => {
    await changeStrategy('prefix_affinity');
    const names = ['ann', 'bob', 'cleo', 'dora'];
    const homes = new Map<string, string>();
    for (const name of names) {
      const { backendId, hitTokens, job } = await ask(name, 40_000, 'Where?');
      expect([job.body, hitTokens ?? 0]).toEqual([undefined, 0]);
      // 40,000 characters are 20 blocks.
      expect(job.promptKeys?.length).toBeLessThan(20 * 12 + 10);
      homes.set(name, backendId);
    }
    expect(new Set(homes.values()).size).toBeGreaterThan(1);
    for (const name of names.toReversed()) {
      const { backendId, hitTokens } = await ask(name, 40_000, 'And then?');
      expect([name, backendId, hitTokens]).toEqual([name, homes.get(name), 10_000]);
    }
  }, 30_000);

  it('are found by shorter ones that begin alike, whose text the router reads itself', async () => {
    const { hitTokens: before } = await ask('eve', 40_000, 'Where?');
    const { job, hitTokens } = await ask('eve', 10_000, 'And then?');
    expect([before ?? 0, typeof job.body, job.promptKeys, hitTokens]).toEqual([
      0,
      'object',
      undefined,
      2_500,
    ]);
  });
});
