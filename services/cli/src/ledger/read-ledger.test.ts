import { Bus } from '@switchyard/bus';
import { encode, streams, subjects, type WireCell } from '@switchyard/contracts';
import {
  answerHold,
  Book,
  type Booking,
  type CellFacts,
  settle,
  type Verification,
} from '@switchyard/ledger';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { verifyLedger } from './verify.js';
import { readAndVerify } from './read-ledger.js';
import { verificationText } from './verification-text.js';

const facts = { account: 'a', model: 'm', kind: 'chat' };
const backendId = 'cloud';
let nats: TestNats;
let bus: Bus;
let book: Book;

/** Books as the writer does, and stores it as the writer does. */
async function store(bookings: readonly Booking[]): Promise<void> {
  for (const booking of bookings) {
    book.add(booking);
    await bus.publish(subjects.ledger(booking.account), encode(booking));
  }
}

async function hold(jobId: string, attemptNo = 1): Promise<void> {
  const quotes = [{ backendId, fixedUsdMicros: 500, perMtokOutputUsdMicros: 0 }];
  const asked = { ...facts, jobId, attemptNo, quotes };
  await store(answerHold(book, asked, { mode: 'strict', nowMs: Date.now() }).bookings);
}

/** A job that cost 300; its cell is written, and what it cost is booked. */
async function finish(jobId: string): Promise<void> {
  const attempt = { attemptNo: 1, backendId, cost: { usdMicros: '300', basis: 'fixed' } };
  const cell: WireCell & { jobId: string } = {
    ...{ ...facts, jobId, status: 'succeeded', attemptNo: 1, submittedAtMs: Date.now() },
    attempts: [attempt],
    outcome: { ...attempt, status: 'succeeded' },
  };
  const written = await bus.cells.write(cell, 0);
  const cellSeq = written.kind === 'written' ? written.seq : 0;
  const receipts = [{ attemptNo: 1, backendId, costUsdMicros: 300, basis: 'fixed' }];
  const read: CellFacts = {
    ...{ ...facts, jobId, cellSeq, receipts, liveAttemptNo: Infinity, chargedAttemptNo: 1 },
  };
  await store(settle(book, read, { nowMs: Date.now(), readSeq: cellSeq - 1 }));
}

const later = (): Promise<Verification> => readAndVerify(bus, { nowMs: Date.now() + 120_000 });
const named = ({ differences }: Verification) =>
  differences.map(({ kind, jobId, ledgerSeqs }) => [kind, jobId, ledgerSeqs]);

async function run(more: object = {}): Promise<{ code: number; out: string }> {
  const lines: string[] = [];
  const terminal = { isJson: true, isInteractive: false, out: (line: string) => lines.push(line) };
  const context = { terminal, env: {}, api: undefined } as never;
  const code = await verifyLedger(context, { natsUrl: nats.url, wait: 1, ...more });
  return { code, out: lines.join('\n') };
}

beforeEach(async () => {
  nats = await startTestNats();
  bus = await Bus.connect({ url: nats.url, name: 'test' });
  await bus.provision(Object.values(streams({ queueCapacity: 100 })), 1);
  book = new Book();
  for (const jobId of ['one', 'two', 'three']) {
    await hold(jobId);
    await finish(jobId);
  }
});

afterEach(async () => {
  await bus.drain();
  await nats.stop();
});

describe('switchyard ledger verify', () => {
  it('ends with 0 where every balance is what the receipts say', async () => {
    const { code, out } = await run({ complete: true });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      is_right: true,
      bookings: 6,
      cells: 3,
      compared: { bookings: 3, usd_micros: 900 },
      not_compared: { bookings: 0, until: null },
    });
  });

  it('ends with 1 and names a post that is lost, by removal from the ledger', async () => {
    await bus.deleteSeq('LEDGER', 4);
    const { code, out } = await run();
    expect({ code, missing: JSON.parse(out).differences[0].ledger_seqs }).toEqual({
      code: 1,
      missing: [4],
    });
    const found = await later();
    expect(named(found)).toEqual([
      ['missing_entries', undefined, [4]],
      ['not_booked', 'two', []],
      ['no_end', 'two', [3]],
    ]);
    const text = verificationText(found);
    expect(text).toMatch(/not_booked +two +1 +spent 300 +0 /);
    expect(text).toMatch(/account:a +900 +600 +0 +500/);
  });

  it('names a post that is stored twice, and one whose amount was changed', async () => {
    const [posted] = await bus.readSome('LEDGER', 2, 1);
    await bus.publish(posted?.subject ?? '', posted?.data as never);
    expect(named(await later())).toContainEqual(['booked_twice', 'one', [2, 7]]);
    await bus.deleteSeq('LEDGER', 7);
    await finish('four');
    const [four] = await bus.readSome('LEDGER', 8, 1);
    const text = new TextDecoder().decode(four?.data);
    await bus.deleteSeq('LEDGER', 8);
    await bus.publish(four?.subject ?? '', text.replace('300', '301'));
    const changed = await later();
    expect(named(changed)).toContainEqual(['another_amount', 'four', [9]]);
  });

  it('names a hold whose job is nowhere; one that waits in a queue is in order', async () => {
    await hold('gone');
    await hold('waits');
    await bus.publish(subjects.submit('normal', 'chat', 'a'), encode({ id: 'waits' }));
    expect(named(await later())).toEqual([['no_end', 'gone', [7]]]);
    const young = await readAndVerify(bus, { nowMs: Date.now() });
    expect(young).toMatchObject({ isRight: true, pending: { count: 1 } });
  });

  it('says what it cannot compare once cells are gone, and fails only where all is asked for', async () => {
    const state = await bus.readSome('STATE', 1, 1);
    await bus.deleteSeq('STATE', state[0]?.seq ?? 0);
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      compared: { bookings: 2, usd_micros: 600 },
      not_compared: { bookings: 1, usd_micros: 300 },
    });
    expect((await run({ complete: true })).code).toBe(1);
    expect(verificationText(await later())).toContain('have no receipt any longer: 300');
  });

  it('names a message that is no booking, and late receipts that are not booked', async () => {
    await bus.publish(subjects.ledger('a'), 'not JSON');
    const attempt = { attemptNo: 1, backendId, cost: { usdMicros: '7', basis: 'fixed' } };
    const late = { ...facts, jobId: 'one', attempt };
    await bus.publish(subjects.lateReceipt('one', 1), encode(late));
    expect(named(await later())).toEqual([
      ['not_booked', 'one', []],
      ['missing_entries', undefined, [7]],
    ]);
  });
});
