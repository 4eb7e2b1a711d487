import { type Booking, type Entry, holdEntry, voidEntry } from '../entries.js';
import { Book } from '../book.js';
import { answerHold } from '../answer-hold.js';
import { settle } from '../settle.js';
import type { Verification } from './difference.js';
import { LedgerVerifier } from './ledger-verifier.js';
import type { SeenCell, SeenLateReceipt } from './seen.js';

const startMs = Date.parse('2026-03-01T00:00:00Z');
const facts = { account: 'a', model: 'm', kind: 'chat', tags: ['x'] };
const backendId = 'cloud';

type Stored = { seq: number; booking: Booking };

/** What the writer of the ledger books for jobs that each cost 300, 200 of it waste. */
function scene(jobs: number): { cells: SeenCell[]; stored: Stored[] } {
  const book = new Book();
  const stored: Stored[] = [];
  const cells: SeenCell[] = [];
  const add = (bookings: readonly Booking[]) => {
    for (const booking of bookings) {
      book.add(booking);
      stored.push({ seq: stored.length + 1, booking });
    }
  };
  for (let no = 1; no <= jobs; no += 1) {
    const jobId = `job-${no}`;
    const atMs = startMs + no * 1_000;
    const quotes = [{ backendId, fixedUsdMicros: 150, perMtokOutputUsdMicros: 0 }];
    for (const attemptNo of [1, 2]) {
      const asked = { ...facts, jobId, attemptNo, quotes };
      add(answerHold(book, asked, { mode: 'strict', nowMs: atMs }).bookings);
    }
    const receipts = [200, 100].map((usdMicros, at) => ({
      attemptNo: at + 1,
      backendId,
      usdMicros,
      isUnpriced: false,
    }));
    const told = { jobId, liveAttemptNo: Infinity, chargedAttemptNo: 2 };
    const costs = receipts.map((each) => ({ ...each, costUsdMicros: each.usdMicros }));
    const cell = { ...facts, ...told, cellSeq: no, receipts: costs };
    add(settle(book, cell, { nowMs: atMs, readSeq: no - 1 }));
    const when = { submittedAtMs: atMs, storedAtMs: atMs };
    cells.push({ ...facts, ...told, ...when, seq: no, state: 'ended', receipts });
  }
  return { cells, stored };
}

type Given = {
  readonly cells: readonly SeenCell[];
  readonly stored: readonly Stored[];
  readonly late?: readonly SeenLateReceipt[];
  readonly missing?: readonly (readonly [number, number])[];
  readonly queued?: ReadonlySet<string>;
  readonly nowMs?: number;
};

function verified({ cells, stored, late = [], ...rest }: Given): Verification {
  const lastSeq = Math.max(0, ...cells.map(({ seq }) => seq));
  const verifier = new LedgerVerifier({ madeAtMs: 0, lastSeq });
  for (const cell of cells) verifier.addCell(cell);
  for (const receipt of late) verifier.addLate(receipt);
  for (const { seq, booking } of stored) verifier.add(seq, booking);
  return verifier.verify({ nowMs: startMs + 3_600_000, queued: new Set(), ...rest });
}

const kinds = ({ differences }: Verification) => differences.map(({ kind }) => kind);
const globalOf = ({ balances }: Verification) => balances.find(({ scope }) => scope === 'global');
const isPost = ({ booking }: Stored) => booking.entries.some(({ type }) => type === 'post');
const changed = ({ seq, booking }: Stored, entries: (entry: Entry) => Entry): Stored => ({
  seq,
  booking: { ...booking, entries: booking.entries.map(entries) },
});

describe('the ledger against the receipts', () => {
  it('finds nothing where everything is booked once', () => {
    const found = verified(scene(20));
    expect(found).toMatchObject({
      isRight: true,
      pending: { count: 0 },
      receipted: { count: 40, usdMicros: 6_000 },
      unreceipted: { count: 0 },
    });
    expect(globalOf(found)).toMatchObject({ spentUsdMicros: 6_000, expectedSpentUsdMicros: 6_000 });
  });

  it('names a post that was lost, its scopes and the right balance', () => {
    const { cells, stored } = scene(3);
    const lost = stored.find(isPost) as Stored;
    const left = stored.filter((each) => each !== lost);
    const found = verified({ cells, stored: left, missing: [[lost.seq, lost.seq]] });
    expect(kinds(found)).toEqual(['missing_entries', 'not_booked', 'no_end']);
    expect(found.differences[1]).toMatchObject({
      jobId: 'job-1',
      attemptNo: 2,
      scopes: ['global', 'account:a', 'backend:cloud', 'model:m', 'tag:x'],
      expectedUsdMicros: 100,
      foundUsdMicros: 0,
      cellSeq: 1,
    });
    expect(globalOf(found)).toEqual({
      scope: 'global',
      spentUsdMicros: 800,
      expectedSpentUsdMicros: 900,
      heldUsdMicros: 150,
      expectedHeldUsdMicros: 0,
    });
  });

  it('names a post that stands twice, with both entries', () => {
    const { cells, stored } = scene(3);
    const post = stored.find(isPost) as Stored;
    const found = verified({ cells, stored: [...stored, { ...post, seq: 99 }] });
    expect(kinds(found)).toEqual(['booked_twice', 'no_hold']);
    expect(found.differences[0]).toMatchObject({
      expectedUsdMicros: 100,
      foundUsdMicros: 200,
      ledgerSeqs: [post.seq, 99],
    });
    expect(globalOf(found)).toMatchObject({ spentUsdMicros: 1_000, expectedSpentUsdMicros: 900 });
    expect(globalOf(found)).toMatchObject({ heldUsdMicros: -150, expectedHeldUsdMicros: 0 });
  });

  it('names an amount that was changed, of a post and of waste', () => {
    const { cells, stored } = scene(2);
    const more = stored.map((each) =>
      changed(each, (entry) =>
        entry.spentUsdMicros > 0 ? { ...entry, spentUsdMicros: entry.spentUsdMicros + 1 } : entry,
      ),
    );
    const found = verified({ cells, stored: more });
    expect(kinds(found)).toEqual(Array(4).fill('another_amount'));
    const sums = globalOf(found);
    expect(sums).toMatchObject({ spentUsdMicros: 604, expectedSpentUsdMicros: 600 });
  });

  it('names a hold without an end, but not one of a job that waits or runs', () => {
    const { cells, stored } = scene(1);
    const { booking } = stored[0] as Stored;
    const hold = (jobId: string, attemptNo: number, seq: number) => ({
      seq,
      booking: { ...booking, jobId, attemptNo, entries: [holdEntry(150)] },
    });
    const [ended] = cells as [SeenCell];
    const running = { ...ended, jobId: 'runs', state: 'open', liveAttemptNo: 2 } as const;
    const found = verified({
      cells: [ended, { ...running, receipts: [] }],
      stored: [
        ...stored,
        hold('job-1', 3, 10),
        hold('runs', 1, 11),
        hold('runs', 2, 12),
        hold('waits', 1, 13),
        hold('nowhere', 1, 14),
      ],
      queued: new Set(['waits']),
    });
    const named = found.differences.map(({ kind, jobId, ledgerSeqs }) => [kind, jobId, ledgerSeqs]);
    expect(named).toEqual([
      ['no_end', 'job-1', [10]],
      ['no_end', 'runs', [11]],
      ['no_end', 'nowhere', [14]],
    ]);
    const young = verified({ cells, stored: [hold('job-1', 3, 10)], nowMs: startMs });
    expect({ kinds: kinds(young), pending: young.pending.count }).toEqual({
      kinds: [],
      pending: 3,
    });
  });

  it('names holds that were taken twice, and ends of what was not held', () => {
    const { stored } = scene(1);
    const { booking } = stored[0] as Stored;
    const of = (seq: number, entry: Entry) => ({ seq, booking: { ...booking, entries: [entry] } });
    const twice = [of(1, holdEntry(150)), of(2, holdEntry(150)), of(3, voidEntry(150))];
    const found = verified({ cells: [], stored: twice });
    expect(kinds(found)).toEqual(['held_twice']);
    expect(globalOf(found)).toMatchObject({ heldUsdMicros: 150, expectedHeldUsdMicros: 0 });
    expect(kinds(verified({ cells: [], stored: [of(1, voidEntry(150))] }))).toEqual(['no_hold']);
  });

  it('names what is booked for another account, and what no receipt shows', () => {
    const { cells, stored } = scene(2);
    const elsewhere = stored.map((each) =>
      isPost(each) && each.booking.jobId === 'job-1'
        ? { ...each, booking: { ...each.booking, account: 'b' } }
        : each,
    );
    const found = verified({ cells, stored: elsewhere });
    expect(kinds(found)).toEqual(['another_scope', 'another_scope']);
    const account = (name: string) => found.balances.find(({ scope }) => scope === name);
    expect(account('account:b')).toMatchObject({ spentUsdMicros: 100, expectedSpentUsdMicros: 0 });
    expect(account('account:a')).toMatchObject({ expectedSpentUsdMicros: 200 });
    expect(kinds(verified({ cells: cells.slice(0, 1), stored }))).toContain('no_receipt');
  });

  it('says how much it could not compare once receipts are gone, and still finds doubles', () => {
    const { cells, stored } = scene(4);
    const left = cells.slice(2);
    const found = verified({ cells: left, stored });
    expect(found).toMatchObject({
      isRight: true,
      receipted: { count: 4, usdMicros: 600 },
      unreceipted: { count: 4, usdMicros: 600, untilMs: startMs + 2_000 },
    });
    const old = stored.find(isPost) as Stored;
    const again = { seq: 99, booking: { ...old.booking, entries: [old.booking.entries[0]] } };
    const free = changed(again as Stored, (entry) => ({ ...entry, heldUsdMicros: 0 }));
    expect(kinds(verified({ cells: left, stored: [...stored, free] }))).toEqual(['booked_twice']);
  });

  it('knows late receipts from those of the cell', () => {
    const { cells, stored } = scene(1);
    const { booking } = stored.at(-1) as Stored;
    const late = { ...facts, jobId: 'job-1', seq: 7, storedAtMs: startMs, attemptNo: 1, backendId };
    const receipt = { ...late, usdMicros: 5, isUnpriced: false };
    const entries = [{ type: 'waste', spentUsdMicros: 5, heldUsdMicros: 0 }] as const;
    const waste = { ...booking, attemptNo: 1, receiptSeq: 7, cellSeq: undefined, entries };
    const whole = [...stored, { seq: 99, booking: waste }];
    expect(kinds(verified({ cells, stored, late: [receipt] }))).toEqual(['not_booked']);
    expect(kinds(verified({ cells, stored: whole, late: [receipt] }))).toEqual([]);
  });
});
