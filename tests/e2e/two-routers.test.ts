import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bus } from '@switchyard/bus';
import { buckets, decode, routingSettings, streams, subjects } from '@switchyard/contracts';
import type { WireDecision } from '@switchyard/contracts';
import { noFaults, silentLog } from '@switchyard/domain';
import { noPreferences } from '@switchyard/routing';
import { noMetrics, Router } from '@switchyard/service-router';
import { noTracing } from '@switchyard/telemetry';
import { startFakeOpenAi, startTestNats } from '@switchyard/testing';
import type { Context } from '../../services/cli/src/context.js';
import { runReplay } from '../../services/cli/src/replay/replay.js';
import { Started } from './started.js';
import { chatJob, eventually, openClient, startExecutor, testBackend } from './yard.js';

/** A router on a connection of its own; `kill` takes that away without a word. */
async function startOne(url: string, instanceId: string) {
  const bus = await Bus.connect({ url, name: instanceId });
  await bus.provision(Object.values(streams({ queueCapacity: 1_000 })), 1);
  const router = new Router({
    bus,
    log: silentLog,
    metrics: noMetrics,
    tracing: noTracing,
    heralds: [],
    instanceId,
    defaults: { strategyFor: () => 'score', preferences: noPreferences, maxWaitMs: 60_000 },
    queueCapacity: 1_000,
    now: Date.now,
    faultPoint: noFaults,
  });
  await router.start();
  return {
    router,
    kill: () => bus.drain(0),
    stop: () =>
      router.stop().then(
        () => bus.drain(1_000),
        () => {},
      ),
  };
}

describe('two routers', () => {
  const started = new Started();
  const decided: WireDecision[] = [];
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'switchyard-two-routers-'));
  });
  afterAll(async () => {
    await started.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('know the same, and of all jobs none is lost with the one that had them', async () => {
    const nats = started.keep(await startTestNats());
    const options = { models: ['fake-model'], firstTokenDelayMs: 50 };
    const quick = started.keep(await startFakeOpenAi(options));
    const slow = started.keep(await startFakeOpenAi({ ...options, firstTokenDelayMs: 150 }));
    const one = started.keep(await startOne(nats.url, 'router-1'));
    const two = started.keep(await startOne(nats.url, 'router-2'));
    const backends = [
      testBackend('quick', quick.url, { maxConcurrentRequests: 2, priority: 2 }),
      testBackend('slow', slow.url, { maxConcurrentRequests: 1 }),
    ];
    started.keep(await startExecutor(nats.url, backends));
    const client = await openClient(nats.url);
    started.keep({ stop: () => client.close() });
    client.bus.listen(subjects.jobEvent('decided'), (_subject, data) => {
      decided.push(decode<WireDecision>(data));
    });
    expect([one.router.isActive, two.router.isActive]).toEqual([true, false]);

    // Changed while both run: a strategy for all, and what one account prefers.
    const settings = await client.bus.keyValues<object>(buckets.settings.name);
    await settings.put(routingSettings.strategy, { strategy: 'response_time', pools: {} });
    await settings.put(routingSettings.preferencesOf('picky'), { preferredBackend: 'slow' });
    const submit = async (names: readonly string[]) => {
      for (const id of names) await client.submit(chatJob(id));
    };
    const finish = (names: readonly string[]) => Promise.all(names.map((id) => client.outcome(id)));
    const picky = async (id: string, { router }: typeof one) => {
      // A slot is known to be free a moment after its job has ended.
      await eventually(() => {
        expect(router.backends.map(({ inFlight }) => inFlight)).toEqual([0, 0]);
      });
      await client.submit(chatJob(id, { account: 'picky' }));
      await client.outcome(id);
      await eventually(() => {
        expect(decided.find(({ jobId }) => jobId === id)?.backendId).toBe('slow');
      });
    };

    const first = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'];
    await submit(first);
    await finish(first);
    await picky('p1', one);

    // What was learned, who is well and who is alive: both have folded the same facts.
    const known = ({ router }: typeof one) =>
      router.backends.map((row) => {
        const { id, health, breaker, isAlive, durationSamples, durationMsMean, slots } = row;
        return { id, health, breaker, isAlive, durationSamples, durationMsMean, slots };
      });
    await eventually(() => {
      expect(known(one).reduce((sum, row) => sum + row.durationSamples, 0)).toBe(7);
      expect(known(two)).toEqual(known(one));
    });

    // The one that has the jobs is gone, without a word; most of them wait in it.
    const second = Array.from({ length: 12 }, (_, at) => `b${at}`);
    await submit(second);
    await eventually(() => expect(one.router.waitingJobs).toBeGreaterThan(6));
    await one.kill();
    const outcomes = await finish(second);
    expect(outcomes.map(({ status }) => status)).toEqual(second.map(() => 'succeeded'));
    expect(second.map((id) => client.told.get(id)?.length)).toEqual(second.map(() => 1));
    expect(two.router.isActive).toBe(true);
    await picky('p2', two);

    // Each decided by the strategy that was set meanwhile; and by whomever: decided so again.
    await eventually(() => {
      const jobs = new Set(decided.map(({ jobId }) => jobId));
      expect(jobs).toEqual(new Set([...first, 'p1', ...second, 'p2']));
    });
    const records = decided.map(({ record }) => record as unknown as { readonly strategy: string });
    expect(new Set(records.map(({ strategy }) => strategy))).toEqual(new Set(['response_time']));
    const file = join(folder, 'decisions.jsonl');
    await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    let text = '';
    const terminal = { isJson: false, out: (line: string) => void (text += line), note: () => {} };
    const context = { terminal } as unknown as Context;
    expect(await runReplay(context, file, { limit: 100 })).toBe(0);
    expect(text).toContain(`${records.length} of ${records.length} decisions come out the same`);
  }, 60_000);
});
