import type { FakeBackend } from '@switchyard/testing';
import { nothingLost, tellRow } from './fault-table.js';
import { holdsOutliving, spendingOf, verifySettled } from './ledger-oracle.js';
import { configOf, quickRetry } from './oracle.js';
import { Scene } from './scene.js';

const rowTimeoutMs = 300_000;
const routers = 4;
const clients = 200;
const capUsdMicros = 2_000_000;
const maxOutputTokens = 400;
/** Output tokens of each backend's answers: most are much shorter than they may be. */
const answers = [60, 90, 140, 300] as const;
const usdMicrosPerToken = 10;

const budgetLines = (mode: string, capUsd: number) =>
  `${quickRetry}\nbudgets: { mode: ${mode}, global: { total_usd: ${capUsd} } }`;

describe('money', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  /** Paid backends by their tokens, four routers and a ledger. */
  async function openRace(mode: string): Promise<readonly FakeBackend[]> {
    const fakes = await Promise.all(answers.map((outputTokens) => scene.fake({ outputTokens })));
    const cost = `cost: { per_1m_output_usd: ${usdMicrosPerToken} }`;
    const backends = fakes.map(({ url }, at) => ({
      ...{ id: `paid-${at}`, url, slots: clients / answers.length },
      more: [cost],
    }));
    await scene.open(configOf(backends, budgetLines(mode, capUsdMicros / 1e6)));
    for (let more = 1; more < routers; more += 1) await scene.processes.start('router');
    return fakes;
  }

  /** Runs one job after the other until one is refused; resolves to what was refused. */
  async function spendAll(client: number): Promise<string> {
    const { oracle } = scene;
    const body = {
      model: 'fake-model',
      max_tokens: maxOutputTokens,
      messages: [{ role: 'user', content: 'Which track?' }],
    };
    for (let job = 0; ; job += 1) {
      const id = `race-${client}`;
      await oracle.submit(1, `${id}-${job}`, { body });
      const cell = await oracle.client.outcome(`${id}-${job}-0`);
      if (cell.status !== 'succeeded') return cell.outcome?.failure?.code ?? '';
    }
  }

  it.each([
    ['6', 'strict'],
    ['6.1', 'learned'],
  ])(
    'row %s: four routers and 200 clients spend one budget, %s mode',
    async (row, mode) => {
      const fakes = await openRace(mode);
      const refusals = await Promise.all(Array.from({ length: clients }, (_, at) => spendAll(at)));
      const { bus } = scene.oracle.client;
      const verification = await verifySettled(bus);
      const count = await scene.oracle.count(10_000);
      const spending = await spendingOf(bus);
      const { spentUsdMicros, overrunUsdMicros, mostAtHoldUsdMicros } = spending;
      const billed = fakes.reduce(
        (sum, { counts }, at) => sum + counts.completed * (answers[at] ?? 0) * usdMicrosPerToken,
        0,
      );
      const unspentPercent = (100 * (capUsdMicros - spentUsdMicros)) / capUsdMicros;
      tellRow(row, `four routers, 200 clients, one budget, ${mode} mode`, count, {
        figures: {
          'cap in millionths': capUsdMicros,
          'most posted and held': mostAtHoldUsdMicros,
          overrun: overrunUsdMicros,
          'unspent %': unspentPercent,
          differences: verification.differences.length,
        },
      });
      expect(new Set(refusals)).toEqual(new Set(['budget_exceeded']));
      expect(verification.differences).toEqual([]);
      expect(verification.pending.count).toBe(0);
      expect(spentUsdMicros).toBe(billed);
      expect(mostAtHoldUsdMicros).toBeLessThanOrEqual(capUsdMicros);
      expect(unspentPercent).toBeLessThan(1);
      if (mode === 'strict') expect(spending.mostSpentUsdMicros).toBeLessThanOrEqual(capUsdMicros);
      expect(overrunUsdMicros).toBeLessThanOrEqual(mode === 'strict' ? 0 : 0.02 * capUsdMicros);
      expect(count).toMatchObject({ lost: 0, twice: 0 });
    },
    rowTimeoutMs,
  );

  it(
    'row 7: the router is killed between a hold and its dispatch, five times',
    async () => {
      const [kills, jobs, priceUsdMicros] = [5, 20, 100];
      const fake = await scene.fake({ faults: { all: { kind: 'slow', delayMs: 50 } } });
      const cost = `cost: { per_job_usd: ${priceUsdMicros / 1e6} }`;
      const paid = { id: 'paid', url: fake.url, slots: 8, more: [cost] };
      await scene.open(configOf([paid], budgetLines('strict', 1_000)));
      const { oracle, processes } = scene;
      let router = scene.service('router');
      for (let kill = 1; kill <= kills; kill += 1) {
        await router.stop();
        const victim = await processes.start('router', { faultPoint: `router.held@${3 * kill}` });
        await oracle.submit(jobs, `kill-${kill}`);
        expect(await victim.exited).toBe('SIGKILL');
        // One that is held for, perhaps, never goes to a backend: its hold ends all the same.
        const canceled = `${processes.apiUrl}/api/v1/tasks/kill-${kill}-${jobs - 1}`;
        await fetch(canceled, { method: 'DELETE' }).then((answer) => answer.text());
        router = await processes.start('router');
        await oracle.count(60_000);
      }
      const { bus } = oracle.client;
      const verification = await verifySettled(bus);
      const count = await oracle.count(1_000);
      const spending = await spendingOf(bus);
      const outliving = await holdsOutliving(bus, (jobId) => oracle.endedAtMs(jobId));
      const longestMs = Math.max(...outliving);
      tellRow('7', 'router killed between hold and dispatch, five times', count, {
        figures: {
          holds: spending.holds,
          'longest hold beyond its job ms': longestMs,
          'held at the end': spending.heldUsdMicros,
          differences: verification.differences.length,
        },
      });
      expect(verification.differences).toEqual([]);
      expect(verification.pending.count).toBe(0);
      expect(spending).toMatchObject({
        heldUsdMicros: 0,
        spentUsdMicros: fake.counts.completed * priceUsdMicros,
      });
      expect(longestMs).toBeLessThanOrEqual(60_000);
      expect(count).toMatchObject(nothingLost);
    },
    rowTimeoutMs,
  );
});
