import { Bus } from '@switchyard/bus';
import {
  decode,
  decodeUsdMicros,
  encode,
  streams,
  subjects,
  type WireAttempt,
} from '@switchyard/contracts';
import { noFaults, silentLog } from '@switchyard/domain';
import {
  answerHold,
  Book,
  type Booking,
  type CellFacts,
  type CostReport,
  lateWaste,
  type Receipt,
  settle,
  spentOf,
} from '@switchyard/ledger';
import { readAndVerify } from '@switchyard/service-cli';
import { startCostLedger } from '@switchyard/service-cost-ledger';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { type MonthJob, monthEndMs, monthStartMs, monthTraffic, noSums } from './month-traffic.js';

/** A month of this many jobs; full size by `LEDGER_MONTH_JOBS=300000`. */
const jobs = Number(process.env.LEDGER_MONTH_JOBS ?? 1_000);
const seed = Number(process.env.LEDGER_MONTH_SEED ?? 1);
const flightMax = 1_000;

let nats: TestNats;
let bus: Bus;

beforeAll(async () => {
  nats = await startTestNats();
  bus = await Bus.connect({ url: nats.url, name: 'month' });
  await bus.provision(Object.values(streams({ queueCapacity: 100 })), 1);
});

afterAll(async () => {
  await bus.drain();
  await nats.stop();
});

/** Stores messages one behind the other and says at once which sequence each will have. */
class Storing {
  readonly #lastSeqs = new Map<string, number>();
  readonly #flight: Promise<void>[] = [];

  async store(stream: string, subject: string, message: object): Promise<number> {
    const seq = (this.#lastSeqs.get(stream) ?? 0) + 1;
    this.#lastSeqs.set(stream, seq);
    this.#flight.push(
      bus.publish(subject, encode(message)).then((stored) => {
        expect(stored).toMatchObject({ kind: 'stored', seq });
      }),
    );
    if (this.#flight.length >= flightMax) await this.flush();
    return seq;
  }

  async flush(): Promise<void> {
    await Promise.all(this.#flight.splice(0));
  }
}

const receiptOf = ({ attemptNo = 0, backendId = '', cost, usage }: WireAttempt): Receipt => ({
  attemptNo,
  backendId,
  costUsdMicros: decodeUsdMicros(cost?.usdMicros) ?? 0,
  ...(cost?.basis ? { basis: cost.basis } : {}),
  usage: { inputTokens: usage?.inputTokens ?? 0, outputTokens: usage?.outputTokens ?? 0 },
});

/** Books a month as the writer does: money held before, what was spent from cell and receipt. */
async function bookMonth(traffic: Iterable<MonthJob>): Promise<void> {
  const book = new Book();
  const storing = new Storing();
  const add = async (bookings: readonly Booking[]) => {
    for (const booking of bookings) {
      book.add(booking);
      await storing.store('LEDGER', subjects.ledger(booking.account), booking);
    }
  };
  for (const { cell, endedAtMs, isHeld, late } of traffic) {
    const { jobId, account = '', model = '', kind = '', tags, apiKey, outcome } = cell;
    const facts = { account, model, kind, tags, apiKey };
    for (const { attemptNo = 0, backendId = '' } of isHeld ? (cell.attempts ?? []) : []) {
      const quotes = [{ backendId, fixedUsdMicros: 20_000, perMtokOutputUsdMicros: 0 }];
      const asked = { ...facts, jobId, attemptNo, quotes };
      await add(answerHold(book, asked, { mode: 'learned', nowMs: endedAtMs }).bookings);
    }
    const cellSeq = await storing.store('STATE', subjects.state(jobId), cell);
    const isCharged = outcome?.status !== 'failed' || cell.streamed === true;
    const read: CellFacts = {
      ...{ ...facts, jobId, cellSeq, liveAttemptNo: Infinity },
      receipts: (cell.attempts ?? []).map(receiptOf),
      ...(isCharged ? { chargedAttemptNo: outcome?.attemptNo ?? 0 } : {}),
    };
    await add(settle(book, read, { nowMs: endedAtMs, readSeq: cellSeq - 1 }));
    if (!late?.attempt) continue;
    const subject = subjects.lateReceipt(jobId, late.attempt.attemptNo ?? 0);
    const receiptSeq = await storing.store('RECEIPTS', subject, late);
    const waste = lateWaste({ ...facts, jobId, receiptSeq, ...receiptOf(late.attempt) }, endedAtMs);
    if (waste) await add([waste]);
  }
  await storing.flush();
}

async function reported(question: object): Promise<CostReport> {
  const asked = encode({ fromMs: monthStartMs, toMs: monthEndMs, groupBy: [], ...question });
  return decode<CostReport>(await bus.ask(subjects.rpc('cost-ledger', 'costs'), asked, 30_000));
}

/** Reports are made from a fold of their own, which takes its time with a whole month. */
async function untilRead(unpriced: number): Promise<void> {
  for (;;) {
    const read = await reported({}).catch(() => undefined);
    if (read?.total.unpriced === unpriced) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function startLedger() {
  const metrics = { gauge: () => () => {} };
  const total = { scope: { kind: 'global', id: '' }, window: 'total', form: 'fixed' } as const;
  const list = [{ ...total, timeZone: 'UTC', limitUsdMicros: 1e12, isCap: true, alertAt: [] }];
  const config = { budgets: { mode: 'strict' as const, list } };
  const deps = { bus, config, log: silentLog, metrics, instanceId: 'ledger' };
  const ledger = await startCostLedger({ ...deps, faultPoint: noFaults });
  while (!ledger.isActive) await new Promise((resolve) => setTimeout(resolve, 50));
  return ledger;
}

const numbers = (sums: ReadonlyMap<unknown, bigint>): ReadonlyMap<unknown, number> =>
  new Map([...sums].filter(([, sum]) => sum > 0n).map(([key, sum]) => [key, Number(sum)]));
const spentBy = ({ rows }: CostReport, key: (row: CostReport['rows'][number]) => unknown) =>
  new Map(rows.map((row) => [key(row), spentOf(row.sums)] as const).filter(([, sum]) => sum > 0));

it(
  `a month of ${jobs} generated jobs is reported and verified to the millionth of a dollar`,
  async () => {
    const sums = noSums();
    const beganMonoMs = performance.now();
    await bookMonth(monthTraffic(jobs, seed, sums));
    const bookedMonoMs = performance.now();
    const found = await readAndVerify(bus, { nowMs: Date.now() + 120_000 });
    const verifiedMonoMs = performance.now();
    const total = Number(sums.charged + sums.waste);
    expect(found.differences).toEqual([]);
    expect(found).toMatchObject({ unreceipted: { count: 0 }, unpriced: sums.unpriced });
    expect(found.receipted.usdMicros).toBe(total);
    expect(found.balances.find(({ scope }) => scope === 'global')).toMatchObject({
      spentUsdMicros: total,
      heldUsdMicros: 0,
    });
    // The service itself reads it all and finds nothing to book.
    const { lastSeq } = await bus.streamState('LEDGER');
    const ledger = await startLedger();
    try {
      await untilRead(sums.unpriced);
      const days = await reported({ bucket: 'day' });
      expect(days.total).toMatchObject({
        chargedUsdMicros: Number(sums.charged),
        wasteUsdMicros: Number(sums.waste),
        unpriced: sums.unpriced,
      });
      expect(spentBy(days, ({ bucketStartMs }) => bucketStartMs)).toEqual(numbers(sums.byDay));
      const backends = await reported({ groupBy: ['backend'] });
      expect(spentBy(backends, ({ group }) => group.backend)).toEqual(numbers(sums.byBackend));
      const accounts = await reported({ groupBy: ['account'], isCharged: true });
      expect(spentBy(accounts, ({ group }) => group.account)).toEqual(numbers(sums.byAccount));
      expect((await bus.streamState('LEDGER')).lastSeq).toBe(lastSeq);
    } finally {
      await ledger.stop();
    }
    const seconds = (fromMs: number, toMs: number) => `${((toMs - fromMs) / 1_000).toFixed(1)} s`;
    process.stdout.write(
      `${jobs} jobs, ${lastSeq} bookings, ${total / 1e6} USD: booked in ` +
        `${seconds(beganMonoMs, bookedMonoMs)}, verified in ` +
        `${seconds(bookedMonoMs, verifiedMonoMs)}, ${process.memoryUsage().rss >> 20} MB\n`,
    );
  },
  30_000 + jobs * 5,
);
