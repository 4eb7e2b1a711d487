import { Bus } from '@switchyard/bus';
import { decode, rowStore, streams } from '@switchyard/contracts';
import {
  backendRow,
  type BackendRow,
  decide,
  type DecisionInput,
  recordOf,
  replay,
  seedOf,
  snapshotOf,
  strategies,
  withRow,
  withRows,
} from '@switchyard/routing';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { makeBackend, makeRoutingJob } from '@switchyard/testing/builders';
import { RowPages } from './row-pages.js';

const row = (at: number): BackendRow =>
  backendRow(
    makeBackend({ id: `backend-${String(at).padStart(3, '0')}`, supportedModels: ['m'] }),
    null,
    { isAlive: true, health: 'healthy', slots: 8 },
  );

const inputOf = (count: number): DecisionInput => ({
  job: makeRoutingJob(),
  snapshot: snapshotOf(Array.from({ length: count }, (_, at) => row(at))),
  strategy: strategies.score,
  nowMs: 1_000,
  seed: seedOf('job-1', 1),
});

describe('the rows of a record', () => {
  let nats: TestNats;
  let bus: Bus;
  beforeAll(async () => {
    nats = await startTestNats();
    bus = await Bus.connect({ url: nats.url, name: 'rows' });
    await bus.provision(Object.values(streams({ queueCapacity: 100 })), 1);
  }, 30_000);
  afterAll(async () => {
    await bus.drain();
    await nats.stop();
  });

  it('stay in it where they are few', () => {
    const input = inputOf(20);
    const record = recordOf(input, decide(input));
    expect(new RowPages(bus).shorten(record)).toBe(record);
  });

  it('lie in the object store where they are many, and are replayed from there', async () => {
    const input = inputOf(200);
    const pages = new RowPages(bus);
    const short = await pages.shorten(recordOf(input, decide(input)));
    expect([short.snapshot.backends.length, short.rowPages?.length]).toEqual([0, 13]);

    const objects = await bus.objects(rowStore.name);
    const read = async (name: string) => {
      const page = await objects.get(name);
      return page && decode<{ readonly rows: readonly BackendRow[] }>(page).rows;
    };
    const told = JSON.parse(JSON.stringify(short)) as typeof short;
    const whole = await withRows(told, read);
    expect(whole.snapshot.backends).toHaveLength(200);
    expect(replay(whole)).toEqual({ kind: 'same' });
    expect(await withRows(told, async () => undefined)).toBe(told);

    // One row changed: one page is another.
    const snapshot = withRow(input.snapshot, { ...row(20), inFlight: 1 });
    const next = { ...input, snapshot };
    const after = await pages.shorten(recordOf(next, decide(next)));
    const others = after.rowPages?.filter((name) => !short.rowPages?.includes(name));
    expect(others).toHaveLength(1);
  });
});
