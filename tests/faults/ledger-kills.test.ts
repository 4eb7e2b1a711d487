import { type FakeBackend, startFakeOpenAi } from '@switchyard/testing';
import { foldLedger } from '../e2e/ledger-reading.js';
import { eventually } from '../e2e/yard.js';
import { holdsOutliving, verifySettled } from './ledger-oracle.js';
import { Oracle } from './oracle.js';
import { Processes } from './processes.js';

/**
 * Points at which the ledger is killed; more by `LEDGER_KILLS=200`, or in pieces by
 * `LEDGER_KILLS=40 LEDGER_KILLS_FROM=80`.
 */
const kills = Number(process.env.LEDGER_KILLS ?? 2);
const firstKill = Number(process.env.LEDGER_KILLS_FROM ?? 0);
const priceUsdMicros = 100;
const jobsPerKill = 20;

const config = (url: string) => `
backend_instances:
  paid:
    backend_type: openai-compatible
    endpoint_url: ${url}/v1
    max_concurrent_requests: 8
    cost: { per_job_usd: 0.0001 }
queue:
  retry_delays: [100ms]
budgets: { mode: strict, global: { total_usd: 1000 } }
`;

describe('kill -9 of the cost-ledger', () => {
  let fake: FakeBackend;
  let processes: Processes;
  let oracle: Oracle;

  afterEach(async () => {
    await oracle?.close();
    await processes?.close();
    await fake?.stop();
  });

  it(
    `at ${kills} seeded points: charges and waste are what the backend billed`,
    async () => {
      fake = await startFakeOpenAi({ models: ['fake-model'] });
      processes = await Processes.open(config(fake.url));
      await processes.startAll('six', ['router', 'executor-openai-compatible']);
      oracle = await Oracle.open(processes.nats.url);
      for (let kill = firstKill; kill < firstKill + kills; kill += 1) {
        const point = kill % 2 === 0 ? 'ledger.held' : 'ledger.settled';
        const hit = 1 + ((kill * 7 + Math.floor(kill / jobsPerKill)) % jobsPerKill);
        const victim = await processes.start('cost-ledger', { faultPoint: `${point}@${hit}` });
        await oracle.submit(jobsPerKill, `kill-${kill}`);
        await victim.exited;
        const next = await processes.start('cost-ledger');
        const { lost, twice } = await oracle.count(60_000);
        expect({ kill, lost, twice }).toEqual({ kill, lost: 0, twice: 0 });
        await eventually(async () => {
          const { book } = await foldLedger(oracle.client.bus);
          const billed = fake.counts.completed * priceUsdMicros;
          const balance = book.balances.of('global');
          expect(balance).toEqual({ spentUsdMicros: billed, heldUsdMicros: 0 });
        });
        await next.kill9();
      }
      const { bus } = oracle.client;
      expect((await verifySettled(bus)).differences).toEqual([]);
      const outliving = await holdsOutliving(bus, (jobId) => oracle.endedAtMs(jobId));
      expect(Math.max(...outliving)).toBeLessThanOrEqual(60_000);
      process.stdout.write(
        `${kills} kills from ${firstKill}: ${fake.counts.completed} calls billed,` +
          ` ${outliving.length} holds, the longest ${Math.max(...outliving)} ms beyond its job\n`,
      );
      expect(fake.counts.completed).toBe(kills * jobsPerKill);
    },
    60_000 + kills * 20_000,
  );
});
