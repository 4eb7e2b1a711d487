import { Bus } from '@switchyard/bus';
import { loadConfig } from '@switchyard/config';
import {
  type BackendRegistration,
  buckets,
  streams,
  subjects,
  type WireBackend,
  type WireDeadLetter,
  decode,
} from '@switchyard/contracts';
import { type Backend, fixedBackends, noFaults, silentLog } from '@switchyard/domain';
import { startExecutor } from '@switchyard/service-executor-openai-compatible';
import { Metrics, noTracing } from '@switchyard/telemetry';
import { startFakeOpenAi, startTestNats, type TestNats } from '@switchyard/testing';
import { chatJob, eventually, openClient, startRouter, testBackend } from './yard.js';

const models = ['fake-model'];

describe('operations', () => {
  let nats: TestNats;
  let stops: (() => Promise<unknown>)[];
  const keep = <Started extends { stop(): Promise<unknown> }>(started: Started): Started => {
    stops.unshift(() => started.stop());
    return started;
  };

  beforeEach(async () => {
    nats = await startTestNats();
    stops = [];
  });
  afterEach(async () => {
    for (const stop of stops) await stop();
    await nats.stop();
  });

  const config = loadConfig({ env: {}, cwd: '/', readFile: () => undefined });
  const startOne = async (backends: readonly Backend[], instanceId = 'executor-1') => {
    const bus = await Bus.connect({ url: nats.url, name: instanceId });
    await bus.provision(Object.values(streams({ queueCapacity: 1_000 })), 1);
    const executor = await startExecutor({
      bus,
      config: {
        ...config,
        allowedNetworks: ['127.0.0.0/8'],
        queue: { ...config.queue, retryDelaysMs: [5, 5] },
      },
      log: silentLog,
      metrics: new Metrics({ withProcess: false }),
      tracing: noTracing,
      instanceId,
      faultPoint: noFaults,
      source: fixedBackends(backends),
    });
    return keep({ bus, stop: () => executor.stop().then(() => bus.drain(1_000)) });
  };
  const told = async (bus: Bus) => {
    const bucket = await bus.keyValues<BackendRegistration>(buckets.registrations.name);
    const { name } = buckets.backends;
    const records = await bus.keyValues<WireBackend>(name);
    return {
      register: (backend: Backend) =>
        bucket.put(backend.id, { id: backend.id, backend, changes: {}, updatedAtMs: 1 }),
      change: (id: string, changes: Partial<Backend>) =>
        bucket.put(id, { id, changes, updatedAtMs: 2 }),
      remove: (id: string) => bucket.delete(id),
      record: async (id: string) => (await records.get(id))?.value,
    };
  };

  /** A backend that answers nobody is registered, with two slots; the one that does is not yet. */
  const besideStuck = async () => {
    const stuck = keep(await startFakeOpenAi({ models, faults: { all: { kind: 'hang' } } }));
    const well = keep(await startFakeOpenAi({ models }));
    const { bus } = await startOne([]);
    keep(await startRouter(nats.url));
    const client = keep(await openClient(nats.url).then((one) => ({ ...one, stop: one.close })));
    const { register, remove, record } = await told(bus);
    await register(testBackend('stuck', stuck.url, { maxConcurrentRequests: 2 }));
    await eventually(async () => expect(await record('stuck')).toMatchObject({ slots: 2 }));
    return { bus, client, register, remove, record, stuck, well };
  };

  it('a registered backend serves, changes without a restart, and leaves no job behind', async () => {
    const { bus, client, register, remove, record, stuck, well } = await besideStuck();
    await register(testBackend('stuck', stuck.url, { maxConcurrentRequests: 3, weight: 7 }));
    await eventually(async () => {
      expect(await record('stuck')).toMatchObject({ slots: 3, weight: 7, origin: 'registered' });
    });
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const id of ids) await client.submit(chatJob(id));
    await eventually(async () => {
      const running = await Promise.all(ids.map((id) => bus.cells.read(id)));
      expect(running.filter((read) => read?.cell.status === 'running')).toHaveLength(3);
    });
    await register(testBackend('well', well.url));
    await eventually(async () => expect(await record('well')).toMatchObject({ slots: 8 }));
    const beganMonoMs = performance.now();
    await remove('stuck');
    const outcomes = await Promise.all(ids.map((id) => client.outcome(id)));
    expect(outcomes.map(({ status }) => status)).toEqual(ids.map(() => 'succeeded'));
    expect(outcomes.map(({ outcome }) => outcome?.backendId)).toEqual(ids.map(() => 'well'));
    expect(performance.now() - beganMonoMs).toBeLessThan(5_000);
    expect(await record('stuck')).toBeUndefined();
    // A dispatch is acknowledged after its outcome is told.
    await eventually(async () => {
      expect(Object.keys(await bus.subjectsIn('DISPATCH', 'dispatch.>'))).toEqual([]);
    });
  });

  it('a removed backend hands on what runs on the settings it had before', async () => {
    const { bus, client, register, remove, record, stuck, well } = await besideStuck();
    await client.submit(chatJob('a'));
    await eventually(async () => {
      expect((await bus.cells.read('a'))?.cell.status).toBe('running');
    });
    await register(testBackend('stuck', stuck.url, { maxConcurrentRequests: 3 }));
    await register(testBackend('well', well.url));
    await eventually(async () => {
      const slots = [(await record('stuck'))?.slots, (await record('well'))?.slots];
      expect(slots).toEqual([3, 8]);
    });
    const beganMonoMs = performance.now();
    await remove('stuck');
    expect((await client.outcome('a')).outcome?.backendId).toBe('well');
    expect(performance.now() - beganMonoMs).toBeLessThan(5_000);
  });

  it('a drained backend of the file stands there as disabled, and comes back', async () => {
    const fake = keep(await startFakeOpenAi({ models }));
    const { bus } = await startOne([testBackend('one', fake.url)]);
    keep(await startRouter(nats.url));
    const client = keep(await openClient(nats.url).then((one) => ({ ...one, stop: one.close })));
    const { change, record } = await told(bus);
    await change('one', { isEnabled: false });
    await eventually(async () => expect(await record('one')).toMatchObject({ isEnabled: false }));
    await client.submit(chatJob('meanwhile'));
    const refused = await client.outcome('meanwhile');
    expect(refused.outcome?.failure?.code).toBe('no_backend_available');
    await change('one', { isEnabled: true });
    await eventually(async () => expect(await record('one')).toMatchObject({ isEnabled: true }));
    await client.submit(chatJob('later'));
    expect((await client.outcome('later')).status).toBe('succeeded');
  });

  it('a drained instance hands its jobs to another and takes no more', async () => {
    const fake = keep(await startFakeOpenAi({ models }));
    const first = await startOne([testBackend('one', fake.url)], 'executor-1');
    keep(await startRouter(nats.url));
    const client = keep(await openClient(nats.url).then((one) => ({ ...one, stop: one.close })));
    await first.bus.ask(subjects.rpc('executor-1', 'drain'), '{}');
    await startOne([testBackend('one', fake.url)], 'executor-2');
    for (const id of ['a', 'b', 'c']) await client.submit(chatJob(id));
    const ended = await Promise.all(['a', 'b', 'c'].map((id) => client.outcome(id)));
    expect(new Set(ended.map(({ executorId }) => executorId))).toEqual(new Set(['executor-2']));
  });

  it('a poison job runs three times in all and leaves one dead letter with all of it', async () => {
    const broken = keep(
      await startFakeOpenAi({ models, faults: { all: { kind: 'status', status: 500 } } }),
    );
    const fine = keep(await startFakeOpenAi({ models }));
    const { bus } = await startOne([testBackend('broken', broken.url)]);
    keep(await startRouter(nats.url));
    const client = keep(await openClient(nats.url).then((one) => ({ ...one, stop: one.close })));
    await client.submit(chatJob('poison', { userId: 'u' }));
    expect((await client.outcome('poison')).status).toBe('failed');
    const letter = await bus.readLast('DEAD', subjects.dead('poison'));
    const { job, attempts } = decode<WireDeadLetter>(letter?.data ?? '{}');
    expect(attempts).toHaveLength(3);
    expect(job).toMatchObject({ id: 'poison', userId: 'u', body: chatJob('poison').body });
    expect(job).not.toHaveProperty('retry');
    const { register } = await told(bus);
    await register(testBackend('fine', fine.url));
    await client.submit({ ...job, id: 'again', retryOf: 'poison' });
    expect((await client.outcome('again')).status).toBe('succeeded');
  });
});
