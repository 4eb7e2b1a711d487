import { Bus } from '@switchyard/bus';
import {
  buckets,
  decode,
  encode,
  streams,
  subjects,
  type WireAlert,
  type WireBackend,
  type WireCell,
} from '@switchyard/contracts';
import { type Log, noFaults } from '@switchyard/domain';
import {
  Book,
  type Booking,
  type Budget,
  type HoldAnswer,
  type HoldAsk,
  recordOfBudget,
} from '@switchyard/ledger';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { makeBudget } from '@switchyard/testing/builders';
import { CostLedger, type CostLedgerDeps } from './cost-ledger.js';
import { Replay } from './replay.js';

const daily = makeBudget({ limitUsdMicros: 1_000, alertAt: [0.7, 0.9] });
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
let nats: TestNats;
let bus: Bus;
const running: CostLedger[] = [];

const openBus = async (name: string) => Bus.connect({ url: nats.url, name });

/** What a test may choose of a ledger. */
type Chosen = Pick<CostLedgerDeps, 'abandonedAfterMs' | 'isWanted' | 'now'> & {
  readonly list?: Budget[];
};

async function startLedger(
  instanceId: string,
  { abandonedAfterMs = 30_000, isWanted = () => true, list = [daily], now = Date.now }: Chosen = {},
): Promise<CostLedger> {
  const config = { budgets: { mode: 'strict' as const, list } };
  const metrics = { gauge: () => () => {} };
  const deps = {
    sweepAfterMs: 0,
    abandonedAfterMs,
    now,
    bus,
    isWanted,
    config,
    log: silent,
    metrics,
    instanceId,
    faultPoint: noFaults,
  };
  const ledger = new CostLedger(deps);
  running.push(ledger);
  await ledger.start();
  await ledger.tick();
  return ledger;
}

const askOf = (jobId: string, usdMicros: number): HoldAsk => ({
  jobId,
  attemptNo: 1,
  account: 'a',
  model: 'm',
  kind: 'chat',
  quotes: [{ backendId: 'cloud', fixedUsdMicros: usdMicros, perMtokOutputUsdMicros: 0 }],
});

const ask = async (jobId: string, usdMicros: number, from = bus): Promise<HoldAnswer> =>
  decode<HoldAnswer>(
    await from.ask(subjects.rpc('cost-ledger', 'hold'), encode(askOf(jobId, usdMicros))),
  );

const cell = (jobId: string, costUsdMicros: number): WireCell & { jobId: string } => {
  const cost = { usdMicros: String(costUsdMicros), basis: 'tokens' };
  const attempt = { attemptNo: 1, backendId: 'cloud' };
  return {
    jobId,
    account: 'a',
    model: 'm',
    kind: 'chat',
    status: 'succeeded',
    attempts: [{ ...attempt, cost }],
    outcome: { ...attempt, status: 'succeeded', cost, usage: { inputTokens: 1, outputTokens: 2 } },
  };
};

const bookings = async (): Promise<readonly Booking[]> =>
  (await bus.readSome('LEDGER', 1, 100)).map(({ data }) => decode<Booking>(data));

const bookNow = async (): Promise<Book> => {
  const replay = new Replay(bus);
  await replay.catchUp();
  return replay.book;
};

async function until<Value>(read: () => Promise<Value>, isRight: (value: Value) => boolean) {
  for (;;) {
    const value = await read();
    if (isRight(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const balance = async () => (await bookNow()).balances.of('global');

beforeEach(async () => {
  nats = await startTestNats();
  bus = await openBus('test');
  await bus.provision(Object.values(streams({ queueCapacity: 100 })), 1);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((ledger) => ledger.stop()));
  await bus.drain();
  await nats.stop();
});

describe('the cost-ledger', () => {
  it('stores a hold before it answers, and charges from the outcome, once', async () => {
    await startLedger('one');
    expect(await ask('job', 400)).toEqual({ kind: 'held', usdMicros: 400 });
    expect(await balance()).toEqual({ spentUsdMicros: 0, heldUsdMicros: 400 });
    await bus.cells.write(cell('job', 300), 0);
    const settled = await until(balance, ({ heldUsdMicros }) => heldUsdMicros === 0);
    expect(settled).toEqual({ spentUsdMicros: 300, heldUsdMicros: 0 });
    const refused = await ask('next', 701);
    expect(refused).toMatchObject({ kind: 'refused', verdicts: [{ kind: 'over' }] });
  });

  it('folds everything again after a restart, and books what happened meanwhile', async () => {
    const first = await startLedger('one');
    await ask('job', 400);
    await first.stop();
    await bus.cells.write(cell('job', 300), 0);
    await bus.cells.write(cell('unheld', 50), 0);
    await startLedger('two');
    expect(await balance()).toEqual({ spentUsdMicros: 350, heldUsdMicros: 0 });
    await running.at(-1)?.stop();
    await startLedger('three');
    expect(await balance()).toEqual({ spentUsdMicros: 350, heldUsdMicros: 0 });
  });

  it('ends a hold that was asked for after the outcome was written', async () => {
    await bus.cells.write(cell('job', 300), 0);
    const ledger = await startLedger('one');
    await until(balance, ({ spentUsdMicros }) => spentUsdMicros === 300);
    await ask('job', 400);
    await ledger.tick();
    const settled = await until(balance, ({ heldUsdMicros }) => heldUsdMicros === 0);
    expect(settled).toEqual({ spentUsdMicros: 300, heldUsdMicros: 0 });
  });

  it('ends a hold of a job that is nowhere, and leaves one that a dispatch lies there for', async () => {
    const ledger = await startLedger('one', { abandonedAfterMs: 0 });
    await ask('lost', 100);
    await ask('sent', 200);
    await bus.publish(subjects.dispatch('cloud', 3), encode({ job: { id: 'sent' } }));
    await ledger.tick();
    await until(balance, ({ heldUsdMicros }) => heldUsdMicros === 200);
    expect((await bookNow()).holds.find('sent', 1, 'cloud')?.usdMicros).toBe(200);
    // It may come all the same: then it is asked for anew.
    expect(await ask('lost', 100)).toEqual({ kind: 'held', usdMicros: 100 });
  });

  it('ends holds whatever is done to the clock of its machine', async () => {
    let aheadMs = 600_000;
    const now = () => Date.now() + aheadMs;
    await bus.cells.write(cell('job', 300), 0);
    const ledger = await startLedger('one', { abandonedAfterMs: 0, now });
    await until(balance, ({ spentUsdMicros }) => spentUsdMicros === 300);
    await ask('job', 400);
    await ask('lost', 100);
    aheadMs = 0;
    await ledger.tick();
    const settled = await until(balance, ({ heldUsdMicros }) => heldUsdMicros === 0);
    expect(settled).toEqual({ spentUsdMicros: 300, heldUsdMicros: 0 });
  });

  it('leaves a hold that was asked for again a moment ago', async () => {
    const ledger = await startLedger('one', { abandonedAfterMs: 60_000 });
    await ask('job', 100);
    await ledger.tick();
    expect(await balance()).toEqual({ spentUsdMicros: 0, heldUsdMicros: 100 });
  });

  it.each([-5, 0.5, Number.NaN, 2 ** 60])(
    'flags a cost of %d, which is no amount',
    async (cost) => {
      const ledger = await startLedger('one');
      await ask('bad', 400);
      await bus.cells.write(cell('bad', cost), 0);
      await bus.cells.write(cell('good', 300), 0);
      const settled = await until(balance, ({ spentUsdMicros }) => spentUsdMicros > 0);
      expect(settled).toEqual({ spentUsdMicros: 300, heldUsdMicros: 0 });
      await ledger.tick();
      const bases = (await bookings()).map(({ jobId, basis }) => `${jobId} ${basis}`);
      expect(bases).toEqual(['bad undefined', 'bad unknown', 'good tokens']);
    },
  );

  it('books nothing that would bring a sum above 2^53, and goes on', async () => {
    await startLedger('one');
    const most = Number.MAX_SAFE_INTEGER - 1_000;
    const costs = { most, beyond: 2_000, good: 300 };
    for (const [jobId, cost] of Object.entries(costs)) await bus.cells.write(cell(jobId, cost), 0);
    const settled = await until(balance, ({ spentUsdMicros }) => spentUsdMicros > most);
    expect(settled.spentUsdMicros).toBe(most + 300);
  });

  it('leaves the role to the one that is wanted, once there are budgets', async () => {
    const without = await startLedger('without', { list: [], isWanted: (has) => !has });
    await bus.cells.write(cell('before', 300), 0);
    const paid = { id: 'cloud', tariff: { perJobUsdMicros: 1 } };
    await (await bus.keyValues<WireBackend>(buckets.backends.name)).put('cloud', paid);
    await until(balance, ({ spentUsdMicros }) => spentUsdMicros === 300);
    const withBudgets = await startLedger('with', { list: [], isWanted: (has) => has });
    expect([without.isActive, withBudgets.isActive]).toEqual([true, false]);
    const record = recordOfBudget(daily);
    await (await bus.keyValues(buckets.budgets.name)).put('daily', record);
    const active = async () => [without.isActive, withBudgets.isActive].join();
    await until(active, (both) => both === 'false,true');
    expect(await ask('job', 700)).toEqual({ kind: 'held', usdMicros: 700 });
    expect(await ask('next', 1)).toMatchObject({ verdicts: [{ kind: 'held' }] });
    expect(await balance()).toEqual({ spentUsdMicros: 300, heldUsdMicros: 700 });
  });

  it('refuses nothing and holds nothing once another has written', async () => {
    await startLedger('one');
    await ask('job', 400);
    // Somebody else thinks that it is the writer, too.
    const { lastSeq } = await bus.streamState('LEDGER');
    const foreign: Booking = {
      ...{ jobId: 'other', attemptNo: 1, account: 'b', model: 'm', kind: 'chat' },
      backendId: 'cloud',
      atMs: Date.now(),
      entries: [{ type: 'hold', spentUsdMicros: 0, heldUsdMicros: 600 }],
    };
    const options = { expectedStreamSeq: lastSeq };
    await bus.publish(subjects.ledger('b'), encode(foreign), options);
    await expect(ask('late', 100)).rejects.toMatchObject({ code: 'unavailable' });
    await running[0]?.tick();
    // It has folded what the other wrote: nothing is left.
    expect(await ask('late', 100)).toMatchObject({ verdicts: [{ kind: 'held' }] });
  });

  it('raises each threshold once a period', async () => {
    await startLedger('one');
    await bus.cells.write(cell('job', 950), 0);
    await until(balance, ({ spentUsdMicros }) => spentUsdMicros === 950);
    await running[0]?.tick();
    await running[0]?.tick();
    const alerts = () =>
      bus.subjectsIn('ALERTS', subjects.alert(['budget', 'global', 'all']) + '.>');
    const found = await until(alerts, (all) => Object.keys(all).length >= 2);
    expect(Object.values(found)).toEqual([1, 1]);
  });

  it('raises that a budget is exhausted with the first refusal, and once', async () => {
    await startLedger('one');
    await bus.cells.write(cell('job', 600), 0);
    await until(balance, ({ spentUsdMicros }) => spentUsdMicros === 600);
    for (const jobId of ['next', 'last']) {
      expect(await ask(jobId, 401)).toMatchObject({ verdicts: [{ kind: 'over' }] });
    }
    const subject = `${subjects.alert(['budget', 'global', 'all', 'daily'])}.>`;
    const found = await until(
      () => bus.subjectsIn('ALERTS', subject),
      (all) => Object.keys(all).length > 0,
    );
    expect(Object.values(found)).toEqual([1]);
    const stored = await bus.readLast('ALERTS', Object.keys(found)[0] ?? '');
    expect(decode<WireAlert>(stored?.data ?? new Uint8Array())).toMatchObject({
      kind: 'budget.exhausted',
      severity: 'critical',
      message: expect.stringMatching(
        /^\$0\.0006 of \$0\.001 is spent\. What is left does not pay for a job of up to \$0\.0004/,
      ),
    });
  });

  it('goes on where it was after the connection broke', async () => {
    await startLedger('one');
    await ask('before', 100);
    const asked = Promise.allSettled(
      Array.from({ length: 50 }, (_, at) => ask(`during-${at}`, 10)),
    );
    await nats.restart();
    await asked;
    await until(
      () => ask('after', 100).catch(() => undefined),
      (answer) => answer?.kind === 'held',
    );
    const held = (await bookNow()).holds;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => ask(`during-${at}`, 10)),
    );
    expect(answers.every(({ kind }) => kind === 'held')).toBe(true);
    expect(held.find('after', 1, 'cloud')?.usdMicros).toBe(100);
    expect(await balance()).toEqual({ spentUsdMicros: 0, heldUsdMicros: 700 });
  });
});
