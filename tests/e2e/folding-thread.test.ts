import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bus } from '@switchyard/bus';
import { loadConfig } from '@switchyard/config';
import { decode, encode, streams, subjects } from '@switchyard/contracts';
import { startTestNats, type TestNats } from '@switchyard/testing';
import type * as FoldingThread from '../../services/standalone/src/folding-thread/start-folding-thread.js';
import { eventually } from './yard.js';

// A thread runs what is built, not the sources that tests are transformed from.
const built = '../../services/standalone/dist/folding-thread/start-folding-thread.js';

describe('task-tracker and cost-ledger in a thread of their own', () => {
  let folder: string;
  let nats: TestNats;
  let bus: Bus;
  let startFoldingThread: typeof FoldingThread.startFoldingThread;

  beforeAll(async () => {
    ({ startFoldingThread } = (await import(built)) as typeof FoldingThread);
    folder = await mkdtemp(join(tmpdir(), 'switchyard-thread-'));
    nats = await startTestNats();
    bus = await Bus.connect({ url: nats.url, name: 'test' });
    await bus.provision(Object.values(streams({ queueCapacity: 100 })), 1);
  }, 60_000);
  afterAll(async () => {
    await bus.drain(1_000);
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const configFor = (dataDir: string) => {
    const config = loadConfig({ env: {}, cwd: folder, readFile: () => undefined });
    return { ...config, dataDir, log: { level: 'silent', format: 'json' } as const };
  };
  const metrics = { count: () => {}, gauge: () => () => {} };
  const askStats = async () =>
    decode(await bus.ask(subjects.rpc('task-tracker', 'stats'), encode({}), 1_000));

  it('answers from there, and no longer once it is stopped', async () => {
    const options = { natsUrl: nats.url, config: configFor(folder), instanceId: 'standalone-1' };
    const thread = await startFoldingThread(options, metrics);
    await eventually(async () => (await askStats().catch(() => undefined)) !== undefined);
    await thread.stop();
    await expect(askStats()).rejects.toThrow('nobody answers');
  });

  it('says why it cannot start', async () => {
    const config = configFor('/dev/null/nowhere');
    const options = { natsUrl: nats.url, config, instanceId: 's' };
    const starting = startFoldingThread(options, metrics);
    await expect(starting).rejects.toThrow(/ENOTDIR|not a directory/);
  });
});
