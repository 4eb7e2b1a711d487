import type { BudgetsConfig } from '@switchyard/config';
import {
  type FakeBackend,
  startFakeOpenAi,
  startTestNats,
  type TestNats,
} from '@switchyard/testing';
import { makeBudget } from '@switchyard/testing/builders';
import { balanceOf } from './ledger-reading.js';
import { startLedger } from './ledger-yard.js';
import { Started } from './started.js';
import {
  chatJob,
  eventually,
  openClient,
  startExecutor,
  startRouter,
  testBackend,
} from './yard.js';

const priceUsdMicros = 100;
const paid = { tariff: { perJobUsdMicros: priceUsdMicros }, class: 'remote' } as const;
const total = makeBudget({ window: 'total', limitUsdMicros: 1_000 });
const budgets: BudgetsConfig = { mode: 'strict', list: [total] };

let nats: TestNats;
let fake: FakeBackend;
let free: FakeBackend;
const started = new Started();

beforeEach(async () => {
  nats = started.keep(await startTestNats());
  fake = started.keep(await startFakeOpenAi({ models: ['fake-model'] }));
  free = started.keep(await startFakeOpenAi({ models: ['fake-model'] }));
});
afterEach(() => started.stop());

async function open({ hasFree = false, maxWaitMs = 3_000 } = {}) {
  const { router } = started.keep(await startRouter(nats.url, { budgets, maxWaitMs }));
  const backends = [
    testBackend('paid', fake.url, paid),
    ...(hasFree ? [testBackend('free', free.url, { priority: 5 })] : []),
  ];
  started.keep(await startExecutor(nats.url, backends));
  const client = await openClient(nats.url);
  started.keep({ stop: client.close });
  await eventually(() => expect(router.backends).toHaveLength(backends.length));
  return client;
}

const openLedger = async () => started.keep(await startLedger(nats.url, budgets));

async function run(client: Awaited<ReturnType<typeof open>>, count: number) {
  const ids = Array.from({ length: count }, (_, at) => `job-${at}`);
  await Promise.all(ids.map((id) => client.submit(chatJob(id))));
  return Promise.all(ids.map((id) => client.outcome(id)));
}

const settled = (client: Awaited<ReturnType<typeof open>>, spentUsdMicros: number) =>
  eventually(async () =>
    expect(await balanceOf(client.bus)).toEqual({ spentUsdMicros, heldUsdMicros: 0 }),
  );

describe('a budget in strict mode', () => {
  it('pays for exactly what fits; the rest is told which budget, and what became of it', async () => {
    const client = await open();
    await openLedger();
    const outcomes = await run(client, 30);
    const failed = outcomes.filter(({ status }) => status !== 'succeeded');
    expect(failed).toHaveLength(20);
    expect(fake.counts.calls).toBe(10);
    await settled(client, 1_000);
    const { code, message } = failed.at(-1)?.outcome?.failure ?? {};
    expect(code).toBe('budget_exceeded');
    expect(message).toMatch(/total budget of everything: limit \$0.001, spent \$0\.\d+, held \$/);
  });

  it('leaves free backends to everybody', async () => {
    const client = await open({ hasFree: true });
    await openLedger();
    const outcomes = await run(client, 30);
    expect(outcomes.filter(({ status }) => status !== 'succeeded')).toEqual([]);
    const calls = fake.counts.calls;
    expect(calls).toBeLessThanOrEqual(10);
    expect(calls + free.counts.calls).toBe(30);
    await settled(client, calls * priceUsdMicros);
  });

  it('without its ledger: free backends go on, paid jobs wait for it', async () => {
    const client = await open({ maxWaitMs: 60_000 });
    await client.submit(chatJob('waits'));
    await eventually(async () => expect((await client.bus.streamState('JOBS')).messages).toBe(1));
    expect(fake.counts.calls).toBe(0);
    await openLedger();
    expect((await client.outcome('waits')).status).toBe('succeeded');
    await settled(client, priceUsdMicros);
  });
});
