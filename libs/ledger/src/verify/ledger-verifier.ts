import { Balances } from '../balances.js';
import type { Booking } from '../entries.js';
import { isSpentIn, scopeKeysOf } from '../scopes.js';
import type { Difference, Verification, VerifiedBalance } from './difference.js';
import { HoldAudit } from './hold-audit.js';
import type { SeenCell, SeenLateReceipt } from './seen.js';
import { type ReceiptSpan, SpendAudit } from './spend-audit.js';

/** No hold outlives its attempt by more than this, and no cost stays unbooked for longer. */
export const settleWithinMs = 60_000;

/** What a verification is judged by. */
export type Verifying = {
  /** By the server's clock. */
  readonly nowMs: number;
  /** Jobs that wait in a queue or are on their way to a backend. */
  readonly queued: ReadonlySet<string>;
  /** Sequences of the ledger that are not in it, from and to. */
  readonly missing?: readonly (readonly [number, number])[];
  /** @default settleWithinMs */
  readonly graceMs?: number;
};

type Sums = { spent: number; held: number };

/**
 * Holds the ledger against the receipts of every attempt: `SeenCell` and `SeenLateReceipt` first,
 * then each booking in order, then `verify`.
 *
 * It shares the form of bookings with the writer of the ledger and none of its decisions: what must
 * be booked is worked out here once more.
 */
export class LedgerVerifier {
  readonly #spend: SpendAudit;
  readonly #holds = new HoldAudit();
  readonly #balances = new Balances();
  readonly #sums = new Map<string, Sums>();
  readonly #unread: Difference[] = [];
  #bookings = 0;
  #lateReceipts = 0;

  constructor(span: ReceiptSpan) {
    this.#spend = new SpendAudit(span);
  }

  addCell(cell: SeenCell): void {
    this.#spend.addCell(cell);
  }

  addLate(receipt: SeenLateReceipt): void {
    this.#lateReceipts += 1;
    this.#spend.addLate(receipt);
  }

  /** The next booking and its sequence. */
  add(seq: number, booking: Booking): void {
    this.#bookings += 1;
    this.#sum(booking);
    try {
      this.#balances.add(booking);
    } catch {
      // What a balance refuses, its sum shows as a difference.
    }
    this.#holds.add(seq, booking);
    this.#spend.add(seq, booking);
  }

  /** Jobs that money is held for and no cell shows: `verify` must know whether they wait. */
  jobsWithoutCell(): ReadonlySet<string> {
    const { cells } = this.#spend;
    const jobs = [...this.#holds.open()].map(({ jobId }) => jobId);
    return new Set(jobs.filter((id) => (cells.get(id)?.state ?? 'waiting') === 'waiting'));
  }

  /** Ends the comparison; to be called once. */
  verify({ nowMs, queued, missing = [], graceMs = settleWithinMs }: Verifying): Verification {
    const spend = this.#spend;
    const youngMs = nowMs - graceMs;
    spend.finish(youngMs);
    let { pending } = spend;
    const endless: Difference[] = [];
    for (const hold of this.#holds.open()) {
      const over = this.#overSince(hold, queued);
      if (over === undefined) continue;
      const { jobId, attemptNo, scopes, usdMicros, ledgerSeqs } = hold;
      if (over.atMs >= youngMs) {
        pending = { count: pending.count + 1, usdMicros: pending.usdMicros };
        continue;
      }
      const amounts = { expectedUsdMicros: 0, foundUsdMicros: usdMicros };
      const about = { jobId, attemptNo, scopes, ledgerSeqs, why: over.why };
      endless.push({ kind: 'no_end', column: 'held', ...about, ...amounts });
    }
    const gaps = missing.map((span) => missingEntries(span));
    const own = [...spend.differences, ...this.#holds.differences, ...endless, ...this.#unread];
    const differences = [...gaps, ...own, ...this.#foldDifferences()];
    const { receipted, unreceipted, unpriced } = spend;
    const looked = { bookings: this.#bookings, cells: spend.cells.size };
    return {
      isRight: differences.length === 0,
      differences,
      balances: this.#verifiedBalances(own),
      looked: { ...looked, lateReceipts: this.#lateReceipts },
      pending,
      receipted,
      unreceipted,
      unpriced,
    };
  }

  /** A message of the ledger that is no booking. */
  addUnreadable(seq: number, why: string): void {
    this.#unread.push({ ...missingEntries([seq, seq]), why });
  }

  /** Since when a hold stands for nothing; undefined: it stands for an attempt that may run. */
  #overSince(
    hold: { readonly jobId: string; readonly attemptNo: number; readonly atMs: number },
    queued: ReadonlySet<string>,
  ): { readonly atMs: number; readonly why: string } | undefined {
    const { jobId, attemptNo } = hold;
    const cell = this.#spend.cells.get(jobId);
    if (cell === undefined || cell.state === 'waiting') {
      if (queued.has(jobId)) return undefined;
      return { atMs: hold.atMs, why: 'the job is in no queue and has no state cell' };
    }
    const atMs = Math.max(hold.atMs, cell.storedAtMs);
    if (cell.state === 'ended') return { atMs, why: 'the job has its outcome' };
    if (attemptNo >= cell.liveAttemptNo) return undefined;
    return { atMs, why: `attempt ${cell.liveAttemptNo} of the job counts now` };
  }

  #sum(booking: Booking): void {
    for (const key of scopeKeysOf(booking)) {
      const sums = this.#sums.get(key) ?? { spent: 0, held: 0 };
      this.#sums.set(key, sums);
      for (const { type, spentUsdMicros, heldUsdMicros } of booking.entries) {
        if (isSpentIn(type, key)) sums.spent += spentUsdMicros;
        sums.held += heldUsdMicros;
      }
    }
  }

  #foldDifferences(): Difference[] {
    const found: Difference[] = [];
    for (const [scope, { spent, held }] of this.#sums) {
      const { spentUsdMicros, heldUsdMicros } = this.#balances.of(scope);
      const about = { kind: 'fold', scopes: [scope], ledgerSeqs: [] } as const;
      if (spentUsdMicros !== spent) {
        const amounts = { expectedUsdMicros: spent, foundUsdMicros: spentUsdMicros };
        found.push({ ...about, column: 'spent', ...amounts });
      }
      if (heldUsdMicros !== held) {
        const amounts = { expectedUsdMicros: held, foundUsdMicros: heldUsdMicros };
        found.push({ ...about, column: 'held', ...amounts });
      }
    }
    return found;
  }

  #verifiedBalances(differences: readonly Difference[]): VerifiedBalance[] {
    const due = new Map([...this.#sums].map(([scope, sums]) => [scope, { ...sums }]));
    const add = (scopes: readonly string[], column: 'spent' | 'held', usdMicros: number) => {
      for (const scope of scopes) {
        const sums = due.get(scope) ?? { spent: 0, held: 0 };
        due.set(scope, sums);
        sums[column] += usdMicros;
      }
    };
    for (const difference of differences) {
      // What stands as post and must stand as overrun is spent all the same.
      if (difference.kind === 'beyond_hold') continue;
      const { scopes, expectedScopes = scopes, column } = difference;
      add(scopes, column, -difference.foundUsdMicros);
      add(expectedScopes, column, difference.expectedUsdMicros);
    }
    return [...due].map(([scope, expected]) => ({
      scope,
      ...this.#balances.of(scope),
      expectedSpentUsdMicros: expected.spent,
      expectedHeldUsdMicros: expected.held,
    }));
  }
}

const missingEntries = ([from, to]: readonly [number, number]): Difference => ({
  kind: 'missing_entries',
  column: 'spent',
  scopes: [],
  expectedUsdMicros: 0,
  foundUsdMicros: 0,
  ledgerSeqs: from === to ? [from] : [from, to],
  why: 'the ledger keeps everything: these were removed, and no balance before them is whole',
});
