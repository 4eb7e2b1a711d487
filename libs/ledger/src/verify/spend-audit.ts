import type { Booking } from '../entries.js';
import { isSpentIn, scopeKeysOf } from '../scopes.js';
import type { Difference, Summed } from './difference.js';
import { sameScopes } from './hold-audit.js';
import type { SeenCell, SeenLateReceipt, SeenReceipt } from './seen.js';

/** What a booking spent, for which attempt. */
type Spending = {
  readonly ledgerSeq: number;
  readonly what: 'charge' | 'waste' | 'late';
  readonly attemptNo: number;
  readonly usdMicros: number;
  readonly scopes: readonly string[];
  readonly atMs: number;
  /** Of the state cell or of the late receipt. */
  readonly sourceSeq: number;
};

/** What must be booked. */
type Due = Pick<Spending, 'what' | 'attemptNo' | 'usdMicros' | 'scopes'> & {
  readonly cellSeq: number;
  readonly storedAtMs: number;
};

/** What is known of the streams that the receipts were read from. */
export type ReceiptSpan = {
  /** Nothing of an earlier stream is in this one. */
  readonly madeAtMs: number;
  /** Everything up to this sequence was read. */
  readonly lastSeq: number;
};

/** Clocks of doors and ledgers may differ by so much. */
const clockErrorMs = 15 * 60_000;
/** A job that ends again under the same id does so a day later at the earliest. */
const livesApartMs = 12 * 3_600_000;
const rememberedMax = 200_000;

/** Compares everything spent with the receipts of the attempts, job by job. */
export class SpendAudit {
  readonly #cells = new Map<string, SeenCell>();
  readonly #late = new Map<string, SeenLateReceipt[]>();
  readonly #span: ReceiptSpan;
  readonly #byJob = new Map<string, Spending[]>();
  /** The last charge of jobs whose cells are gone. */
  readonly #charged = new Map<string, Spending>();
  #oldestEndedSeq = Infinity;
  #oldestLateSeq = Infinity;
  /** Booked from cells beyond what was read. */
  readonly #beyond: (readonly [string, Spending])[] = [];
  readonly differences: Difference[] = [];
  pending: Summed = { count: 0, usdMicros: 0 };
  receipted: Summed = { count: 0, usdMicros: 0 };
  unreceipted: Summed & { readonly untilMs?: number } = { count: 0, usdMicros: 0 };
  unpriced = 0;

  constructor(span: ReceiptSpan) {
    this.#span = span;
  }

  get cells(): ReadonlyMap<string, SeenCell> {
    return this.#cells;
  }

  addCell(cell: SeenCell): void {
    const { jobId, seq, state, receipts } = cell;
    this.#cells.set(jobId, cell);
    if (state === 'ended') this.#oldestEndedSeq = Math.min(this.#oldestEndedSeq, seq);
    for (const { isUnpriced } of receipts) if (isUnpriced) this.unpriced += 1;
  }

  addLate(receipt: SeenLateReceipt): void {
    const { jobId, seq, isUnpriced } = receipt;
    this.#late.set(jobId, [...(this.#late.get(jobId) ?? []), receipt]);
    this.#oldestLateSeq = Math.min(this.#oldestLateSeq, seq);
    if (isUnpriced) this.unpriced += 1;
  }

  /** Follows a booking; all cells and receipts are there by then. */
  add(ledgerSeq: number, booking: Booking): void {
    const spending = spendingOf(ledgerSeq, booking);
    if (!spending) return;
    const { jobId } = booking;
    const cell = this.#cells.get(jobId);
    const isEarlier = cell && booking.atMs < cell.submittedAtMs - clockErrorMs;
    if ((cell && !isEarlier) || this.#late.has(jobId)) {
      this.#byJob.set(jobId, [...(this.#byJob.get(jobId) ?? []), spending]);
    } else this.#addUnreceipted(jobId, spending);
  }

  /** Compares; `youngMs`: what was stored after it may not be booked yet. */
  finish(youngMs: number): void {
    for (const jobId of new Set([...this.#cells.keys(), ...this.#late.keys()])) {
      this.#compare(jobId, youngMs);
    }
    for (const [jobId, one] of this.#beyond) {
      if (one.atMs >= youngMs) this.#wait(one.usdMicros);
      else this.#differ('no_receipt', jobId, one, 'no state cell has the sequence that it names');
    }
  }

  #compare(jobId: string, youngMs: number): void {
    const found = this.#byJob.get(jobId) ?? [];
    const cell = this.#cells.get(jobId);
    // The job went on after its cell had been read.
    const hasMoved = found.some(
      ({ what, sourceSeq, atMs }) =>
        what !== 'late' && cell !== undefined && sourceSeq > cell.seq && atMs >= youngMs,
    );
    if (hasMoved) {
      for (const { usdMicros } of found) this.#wait(usdMicros);
      return;
    }
    const due = [...dueOf(cell), ...(this.#late.get(jobId) ?? []).map(lateDue)];
    const left = new Set(found);
    for (const each of due) {
      const own = found.filter((one) => isFor(one, each));
      for (const one of own) left.delete(one);
      this.#judge(jobId, each, own, youngMs);
    }
    for (const one of left) this.#judgeLeft(jobId, one, cell);
  }

  #judge(jobId: string, due: Due, own: readonly Spending[], youngMs: number): void {
    const [first] = own;
    const { usdMicros, cellSeq, attemptNo } = due;
    const about = { jobId, attemptNo, cellSeq, column: 'spent' as const };
    const ledgerSeqs = own.map(({ ledgerSeq }) => ledgerSeq);
    const amounts = { expectedUsdMicros: usdMicros, foundUsdMicros: sumOf(own), ledgerSeqs };
    if (!first) {
      if (due.storedAtMs >= youngMs) this.#wait(usdMicros);
      else this.differences.push({ kind: 'not_booked', scopes: due.scopes, ...about, ...amounts });
      return;
    }
    this.receipted = plus(this.receipted, usdMicros, own.length);
    const { scopes } = first;
    if (own.length > 1) {
      this.differences.push({ kind: 'booked_twice', scopes, ...about, ...amounts });
    } else if (!sameScopes(scopes, due.scopes)) {
      const where = { scopes, expectedScopes: due.scopes };
      this.differences.push({ kind: 'another_scope', ...where, ...about, ...amounts });
    } else if (amounts.foundUsdMicros !== usdMicros) {
      this.differences.push({ kind: 'another_amount', scopes, ...about, ...amounts });
    }
  }

  /** What nothing in the job's cell accounts for. */
  #judgeLeft(jobId: string, one: Spending, cell: SeenCell | undefined): void {
    if (!cell || one.what === 'late') this.#addUnreceipted(jobId, one);
    else this.#differ('no_receipt', jobId, one, `the job's cell shows no such cost`);
  }

  #addUnreceipted(jobId: string, one: Spending): void {
    const { what, sourceSeq, usdMicros, atMs } = one;
    const oldest = what === 'late' ? this.#oldestLateSeq : this.#oldestEndedSeq;
    const { lastSeq, madeAtMs } = this.#span;
    if (what !== 'late' && sourceSeq > lastSeq && atMs >= madeAtMs) {
      this.#beyond.push([jobId, one]);
      return;
    }
    if (sourceSeq >= oldest && atMs >= madeAtMs) {
      this.#differ('no_receipt', jobId, one, 'younger receipts are there, this one is not');
      return;
    }
    if (what === 'charge') this.#chargeOnce(jobId, one);
    const untilMs = Math.max(this.unreceipted.untilMs ?? 0, atMs);
    this.unreceipted = { ...plus(this.unreceipted, usdMicros, 1), untilMs };
  }

  #chargeOnce(jobId: string, one: Spending): void {
    const before = this.#charged.get(jobId);
    this.#charged.delete(jobId);
    this.#charged.set(jobId, one);
    if (this.#charged.size > rememberedMax) this.#forget(one.atMs - 2 * livesApartMs);
    if (!before) return;
    const isSame = before.sourceSeq === one.sourceSeq || one.atMs - before.atMs < livesApartMs;
    if (!isSame) return;
    this.differences.push({
      kind: 'booked_twice',
      column: 'spent',
      scopes: one.scopes,
      jobId,
      attemptNo: one.attemptNo,
      expectedUsdMicros: before.usdMicros,
      foundUsdMicros: before.usdMicros + one.usdMicros,
      ledgerSeqs: [before.ledgerSeq, one.ledgerSeq],
    });
  }

  #forget(beforeMs: number): void {
    for (const [jobId, { atMs }] of this.#charged) {
      if (atMs >= beforeMs) break;
      this.#charged.delete(jobId);
    }
  }

  #differ(kind: Difference['kind'], jobId: string, one: Spending, why: string): void {
    const { scopes, attemptNo, usdMicros, ledgerSeq } = one;
    this.differences.push({
      kind,
      column: 'spent',
      scopes,
      jobId,
      attemptNo,
      expectedUsdMicros: 0,
      foundUsdMicros: usdMicros,
      ledgerSeqs: [ledgerSeq],
      why,
    });
  }

  #wait(usdMicros: number): void {
    this.pending = plus(this.pending, usdMicros, 1);
  }
}

/** What a booking spends; undefined where it only holds, frees or marks an end. */
function spendingOf(ledgerSeq: number, booking: Booking): Spending | undefined {
  const { entries, attemptNo, atMs, basis, cellSeq = 0, receiptSeq } = booking;
  const spent = entries.filter(({ type }) => spends.has(type));
  const [first] = spent;
  if (!first) return undefined;
  const usdMicros = spent.reduce((sum, entry) => sum + entry.spentUsdMicros, 0);
  if (usdMicros === 0 && basis === undefined) return undefined;
  const isWaste = first.type === 'waste';
  const what = receiptSeq !== undefined ? 'late' : isWaste ? 'waste' : 'charge';
  const scopes = spentScopesOf(booking, isWaste);
  const sourceSeq = receiptSeq ?? cellSeq;
  return { ledgerSeq, what, attemptNo, usdMicros, scopes, atMs, sourceSeq };
}

const spends: ReadonlySet<string> = new Set(['post', 'overrun', 'waste']);

const spentScopesOf = (facts: Parameters<typeof scopeKeysOf>[0], isWaste: boolean): string[] =>
  scopeKeysOf(facts).filter((key) => isSpentIn(isWaste ? 'waste' : 'post', key));

const isFor = (one: Spending, due: Due): boolean =>
  one.what === due.what && (one.what === 'charge' || one.attemptNo === due.attemptNo);

function dueOf(cell: SeenCell | undefined): Due[] {
  if (!cell) return [];
  const { receipts, chargedAttemptNo, seq: cellSeq, storedAtMs } = cell;
  const due: Due[] = [];
  for (const receipt of receipts) {
    const { attemptNo, usdMicros } = receipt;
    if (!isDue(receipt)) continue;
    const isWaste = attemptNo !== chargedAttemptNo;
    const scopes = spentScopesOf({ ...cell, backendId: receipt.backendId }, isWaste);
    const what = isWaste ? 'waste' : 'charge';
    due.push({ what, attemptNo, usdMicros, scopes, cellSeq, storedAtMs });
  }
  return due;
}

const lateDue = (receipt: SeenLateReceipt): Due => {
  const { attemptNo, usdMicros, seq: cellSeq, storedAtMs } = receipt;
  const scopes = spentScopesOf(receipt, true);
  return { what: 'late', attemptNo, usdMicros, scopes, cellSeq, storedAtMs };
};

const isDue = ({ usdMicros, isUnpriced }: SeenReceipt): boolean => usdMicros > 0 || isUnpriced;

const sumOf = (own: readonly Spending[]): number =>
  own.reduce((sum, { usdMicros }) => sum + usdMicros, 0);

const plus = ({ count, usdMicros }: Summed, more: number, by: number): Summed => ({
  count: count + by,
  usdMicros: usdMicros + more,
});
