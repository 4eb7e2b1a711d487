import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bus } from '@switchyard/bus';
import { loadConfig } from '@switchyard/config';
import { decode, encode, streams, subjects } from '@switchyard/contracts';
import type { Budget } from '@switchyard/ledger';
import { startTestNats, type TestNats } from '@switchyard/testing';
import type * as FoldingThread from '../../services/standalone/src/folding-thread/start-folding-thread.js';
import { eventually } from './yard.js';

// A thread runs what is built, not the sources that tests are transformed from.
const built = '../../services/standalone/dist/folding-thread/start-folding-thread.js';

const daily: Budget = {
  scope: { kind: 'global', id: '' },
  window: 'daily',
  form: 'fixed',
  timeZone: 'UTC',
  limitUsdMicros: 100,
  isCap: true,
  alertAt: [],
};
const asked = {
  attemptNo: 1,
  account: 'a',
  model: 'm',
  kind: 'chat',
  quotes: [{ backendId: 'cloud', fixedUsdMicros: 60, perMtokOutputUsdMicros: 0 }],
};

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
    const thread = await startFoldingThread(options, { metrics, bus });
    await eventually(async () => (await askStats().catch(() => undefined)) !== undefined);
    await thread.stop();
    await expect(askStats()).rejects.toThrow('nobody answers');
  });

  it('answers asks for money without the server in between, while it writes the ledger', async () => {
    const config = { ...configFor(folder), budgets: { mode: 'strict' as const, list: [daily] } };
    const options = { natsUrl: nats.url, config, instanceId: 'standalone-2' };
    const near: string[] = [];
    const answerHere: typeof bus.answerHere = (subject, answer) => {
      near.push(subject);
      return bus.answerHere(subject, answer);
    };
    const thread = await startFoldingThread(options, { metrics, bus: { answerHere } });
    const subject = subjects.rpc('cost-ledger', 'hold');
    await eventually(() => expect(near).toEqual([subject]));
    const ask = (more: object) => bus.ask(subject, encode({ ...asked, ...more }));
    expect(decode(await ask({ jobId: 'a' }))).toEqual({ kind: 'held', usdMicros: 60 });
    expect(decode(await ask({ jobId: 'b' }))).toMatchObject({ kind: 'refused' });
    await expect(ask({ quotes: [] })).rejects.toMatchObject({ code: 'invalid_request' });
    expect((await bus.streamState('LEDGER')).messages).toBe(1);
    await thread.stop();
    await expect(ask({ jobId: 'c' })).rejects.toThrow('nobody answers');
  });

  it('says why it cannot start', async () => {
    const config = configFor('/dev/null/nowhere');
    const options = { natsUrl: nats.url, config, instanceId: 's' };
    const starting = startFoldingThread(options, { metrics, bus });
    await expect(starting).rejects.toThrow(/ENOTDIR|not a directory/);
  });
});
