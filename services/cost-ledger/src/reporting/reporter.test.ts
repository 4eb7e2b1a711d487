import { Bus } from '@switchyard/bus';
import { buckets, decode, encode, streams, subjects, type WireAlert } from '@switchyard/contracts';
import { silentLog } from '@switchyard/domain';
import {
  type Booking,
  type BudgetReport,
  chargeEntries,
  type CostReport,
  holdEntry,
  spentOf,
} from '@switchyard/ledger';
import { Metrics } from '@switchyard/telemetry';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { CostReporter } from './reporter.js';

const hourMs = 3_600_000;
const nowMs = Date.parse('2026-03-10T12:30:00Z');

const booking = (atMs: number, usd: number, more: Partial<Booking> = {}): Booking => ({
  jobId: `j${atMs}`,
  attemptNo: 1,
  account: 'team-a',
  backendId: 'cloud',
  model: 'm',
  kind: 'chat',
  atMs,
  entries: chargeEntries(Math.round(usd * 1e6), undefined),
  basis: 'tokens',
  ...more,
});

describe('the reporter', () => {
  let nats: TestNats;
  let bus: Bus;
  let reporter: CostReporter;
  const metrics = new Metrics();

  beforeAll(async () => {
    nats = await startTestNats();
    bus = await Bus.connect({ url: nats.url, name: 'test' });
    await bus.provision(Object.values(streams({ queueCapacity: 5 })), 1);
    const book = (each: Booking) => bus.publish(subjects.ledger(each.account), encode(each));
    // A dollar or so in each of the last 60 hours, then five.
    for (let hour = 60; hour > 0; hour -= 1)
      await book(booking(nowMs - hour * hourMs, 1 + 0.1 * Math.sin(hour)));
    await book(booking(nowMs, 5));
    await book(booking(nowMs, 0, { jobId: 'held', entries: [holdEntry(2_000_000)] }));
    await bus.publish(subjects.ledger('odd'), 'no booking');
    const budget = {
      scope: 'account',
      id: 'team-a',
      window: 'daily',
      limitUsdMicros: 20_000_000,
      isCap: true,
      alertAt: [0.7],
    };
    await (await bus.keyValues(buckets.budgets.name)).put('a', budget);
    const config = { budgets: { mode: 'learned', list: [] } } as const;
    reporter = new CostReporter({ bus, config, log: silentLog, metrics, now: () => nowMs });
    await reporter.start();
  });
  afterAll(async () => {
    await reporter.stop();
    await bus.drain(100);
    await nats.stop();
  });

  const ask = async <Answer extends object>(verb: string, question: object = {}) =>
    decode<Answer>(await bus.ask(subjects.rpc('cost-ledger', verb), encode(question)));

  it('answers what was spent', async () => {
    const question = {
      fromMs: nowMs - 12.5 * hourMs,
      toMs: nowMs + 1,
      groupBy: ['account'],
      bucket: 'hour',
    };
    const { rows, total } = await ask<CostReport>('costs', question);
    expect(rows).toHaveLength(13);
    expect(rows.at(-1)).toMatchObject({ group: { account: 'team-a' }, sums: { jobs: 1 } });
    expect(spentOf(total)).toBe(rows.reduce((sum, { sums }) => sum + spentOf(sums), 0));
  });

  it('says where budgets stand, and where they are going', async () => {
    const { budgets } = await ask<{ readonly budgets: BudgetReport[] }>('budgets');
    const [report] = budgets as [BudgetReport];
    expect(report).toMatchObject({
      budget: { scope: 'account', id: 'team-a', window: 'daily' },
      limitUsdMicros: 20_000_000,
      heldUsdMicros: 2_000_000,
      periodStartMs: Date.parse('2026-03-10T00:00:00Z'),
      resetAtMs: Date.parse('2026-03-11T00:00:00Z'),
    });
    expect(report.spentUsdMicros).toBeGreaterThan(16_000_000);
    expect(report.expectedUsdMicros).toBeGreaterThan(20_000_000);
    expect(report.exhaustedAtMs).toBeLessThan(report.resetAtMs ?? 0);
    const { body } = await metrics.text();
    expect(body).toContain(
      'lb_budget_limit_dollars{scope="account",id="team-a",window="daily"} 20',
    );
  });

  it('says how well the money was spent, by what decisions had expected', async () => {
    const decide = (jobId: string, chosen: number, costsUsdMicros: number[], more: object = {}) =>
      bus.publish(
        subjects.jobEvent('decided'),
        encode({
          jobId,
          attemptNo: 1,
          verdict: 'route',
          decidedAtMs: nowMs - hourMs / 2,
          record: { decision: { estimatedCostUsdMicros: chosen, candidates: { costsUsdMicros } } },
          ...more,
        }),
      );
    await decide('a', 2_000_000, [2_000_000, 8_000_000]);
    await decide('b', 3_000_000, [2_000_000, 3_000_000]);
    await decide('retry', 9, [9], { attemptNo: 2 });
    await decide('old', 9, [9], { decidedAtMs: 0 });
    await decide('odd', 9, [], { record: {} });
    expect(await ask('efficiency')).toEqual({
      fromMs: nowMs - hourMs / 2,
      jobs: 2,
      spentUsdMicros: 5_000_000,
      ratio: 0.8,
      choiceRatio: 0.8,
      target: 0.8,
      savedUsdMicros: 6_000_000,
      savedShare: 6 / 11,
    });
  });

  it('raises an alert of an unusual hour, once', async () => {
    reporter.look();
    reporter.look();
    const subject = subjects.alert([
      'spend',
      'global',
      'all',
      'hourly',
      `${Math.floor(nowMs / hourMs) * hourMs}-above`,
    ]);
    let stored = await bus.readLast('ALERTS', subject);
    while (!stored) stored = await bus.readLast('ALERTS', subject);
    expect(decode<WireAlert>(stored.data)).toMatchObject({
      kind: 'spend.anomaly',
      severity: 'warning',
      title: 'Spending is above what is usual',
      message: expect.stringMatching(/^5\.00 USD in the hour from 2026-03-10T12:00Z; usual is 0\./),
    });
  });

  it('raises an alert where the cheapest would have cost far less, once a day', async () => {
    const subject = subjects.alert(['spend', 'global', 'all', 'efficiency']);
    const raised = () => bus.subjectsIn('ALERTS', `${subject}.>`);
    await reporter.lookAtEfficiency();
    expect(await raised()).toEqual({});
    const decision = { estimatedCostUsdMicros: 90, candidates: { costsUsdMicros: [9, 90] } };
    for (let at = 0; at < 50; at += 1) {
      const told = { jobId: `e${at}`, attemptNo: 1, verdict: 'route', decidedAtMs: nowMs };
      const text = encode({ ...told, record: { decision } });
      await bus.publish(subjects.jobEvent('decided'), text);
    }
    await bus.publish(subjects.ledger('team-a'), encode(booking(nowMs, 5, { jobId: 'dear' })));
    for (let seen = ''; seen === ''; ) {
      await reporter.lookAtEfficiency();
      seen = Object.keys(await raised())[0] ?? '';
    }
    await reporter.lookAtEfficiency();
    const day = Math.floor(nowMs / (24 * hourMs)) * 24 * hourMs;
    expect(await raised()).toEqual({ [`${subject}.${day}`]: 1 });
    const stored = await bus.readLast('ALERTS', `${subject}.${day}`);
    expect(decode<WireAlert>(stored?.data ?? new Uint8Array())).toMatchObject({
      kind: 'spend.efficiency',
      severity: 'warning',
      title: 'The cheapest able backends would have cost 40 % of what was paid',
    });
  });
});
