import { factsOf, voidBooking } from './answer-hold.js';
import type { Book } from './book.js';
import {
  type BookedUsage,
  type Booking,
  type ChargeFacts,
  chargeEntries,
  wasteEntry,
} from './entries.js';
import type { OpenHold } from './open-holds.js';

/** What an attempt cost, as its executor's receipt says. */
export type Receipt = {
  readonly attemptNo: number;
  readonly backendId: string;
  readonly costUsdMicros: number;
  /** How the cost was found; `unknown`: the amount means nothing. */
  readonly basis?: string;
  readonly tariffUsdMicros?: number;
  readonly usage?: BookedUsage;
};

/** A state cell, as far as money goes. */
export type CellFacts = Omit<ChargeFacts, 'backendId'> & {
  readonly jobId: string;
  readonly cellSeq: number;
  /** Attempts below this one have ended; Infinity where the job has its outcome. */
  readonly liveAttemptNo: number;
  /** Where the live attempt runs; absent while none does. */
  readonly runsAt?: string;
  /** Attempts that ended, the last one too where the job has its outcome. */
  readonly receipts: readonly Receipt[];
  /** The attempt that the job is charged for, where it has an outcome that is charged. */
  readonly chargedAttemptNo?: number;
};

/**
 * What has to be booked once a state cell was read: waste of attempts that cost something and are
 * not charged, the charge, and the end of every hold that no longer stands for a live attempt.
 *
 * Nothing where all of it is booked: a cell may be read any number of times. The charge comes last:
 * whoever is stopped in between reads the cell again and finds the rest.
 */
export function settle(
  book: Book,
  cell: CellFacts,
  { nowMs, readSeq }: { readonly nowMs: number; readonly readSeq: number },
): readonly Booking[] {
  const read = { cellSeq: cell.cellSeq, readSeq };
  const { chargedAttemptNo, liveAttemptNo, jobId } = cell;
  const holds = book.holds.of(jobId);
  const handedOn = handedOnOf(holds, cell);
  const open = holds.filter((hold) => hold.attemptNo < liveAttemptNo && hold !== handedOn);
  // A hold may have been asked for by a router that did not know of the cell yet.
  if (book.settled.isCharged(jobId, cell.cellSeq)) {
    return open.map((left) => voidBooking(left, nowMs, read));
  }
  const { receipts } = cell;
  const ended = new Set<object>();
  const holdOf = ({ attemptNo, backendId }: Receipt) => {
    const found = open.find((hold) => hold.attemptNo === attemptNo && hold.backendId === backendId);
    if (found) ended.add(found);
    return found;
  };
  const bookings: Booking[] = [];
  for (const receipt of receipts) {
    if (receipt.attemptNo === chargedAttemptNo) continue;
    if (receipt.attemptNo <= book.settled.wastedUpTo(jobId) || !isWorthBooking(receipt)) continue;
    const hold = holdOf(receipt);
    const entries = [wasteEntry(receipt.costUsdMicros, hold?.usdMicros)];
    bookings.push({ ...bookingOf(cell, receipt, hold), atMs: nowMs, ...read, entries });
  }
  const wasWasted = bookings.length > 0 || book.settled.wastedUpTo(jobId) > 0;
  const charge = receipts.find(({ attemptNo }) => attemptNo === chargedAttemptNo);
  const hold = charge && isWorthBooking(charge) ? holdOf(charge) : undefined;
  for (const left of open) {
    if (!ended.has(left)) bookings.push(voidBooking(left, nowMs, read));
  }
  if (charge && isWorthBooking(charge)) {
    const entries = chargeEntries(charge.costUsdMicros, hold?.usdMicros);
    bookings.push({ ...bookingOf(cell, charge, hold), atMs: nowMs, ...read, entries });
  } else if (wasWasted && isOver(cell)) {
    // Says that the job has ended: its waste need not be remembered any longer.
    const last = receipts.at(-1) ?? { attemptNo: 0, backendId: '', costUsdMicros: 0 };
    const entries = chargeEntries(0, undefined);
    const { jobId: id, attemptNo, ...facts } = bookingOf(cell, last, undefined);
    bookings.push({ jobId: id, attemptNo, ...bare(facts), atMs: nowMs, ...read, entries });
  }
  return bookings;
}

/**
 * The hold of an attempt that another executor has taken over: nobody asks for its money again, so
 * it stands for whoever runs it now.
 */
function handedOnOf(
  holds: readonly OpenHold[],
  { liveAttemptNo, runsAt }: CellFacts,
): OpenHold | undefined {
  const there = holds.filter((hold) => hold.backendId === runsAt);
  const last = there.filter(({ attemptNo }) => attemptNo <= liveAttemptNo);
  return last.toSorted((a, b) => b.attemptNo - a.attemptNo)[0];
}

const isOver = ({ liveAttemptNo }: CellFacts): boolean => liveAttemptNo === Infinity;

/** Free attempts are in no book; one whose price nobody knows is, flagged. */
const isWorthBooking = ({ costUsdMicros, basis }: Receipt): boolean =>
  costUsdMicros > 0 || basis === 'unknown';

const bookingOf = (cell: CellFacts, receipt: Receipt, hold: ChargeFacts | undefined) => {
  const { attemptNo, backendId, basis, tariffUsdMicros, usage } = receipt;
  const facts = factsOf(hold ?? { ...cell, backendId });
  return { ...facts, jobId: cell.jobId, attemptNo, basis, tariffUsdMicros, usage };
};

/** Without what an amount was worked out from. */
const bare = ({ account, backendId, model, kind }: ChargeFacts): ChargeFacts => ({
  account,
  backendId,
  model,
  kind,
});
