import { amountOf, sumOf } from './money.js';

/**
 * What an entry is.
 * - `hold`: money set aside before an attempt runs.
 * - `post`: what a job is charged, once, from its outcome; it ends the hold.
 * - `void`: a hold that ends without a charge.
 * - `overrun`: what a job cost beyond its hold; booked beside its post.
 * - `waste`: what an attempt cost that nobody is charged for: money has gone, on the operator.
 * - `adjust`: a correction by a person, either way.
 */
export const entryTypes = ['hold', 'post', 'void', 'adjust', 'waste', 'overrun'] as const;
/** One of the types. */
export type EntryType = (typeof entryTypes)[number];

/**
 * One immutable row. The balances of a scope are the sums of these two columns over all entries, so
 * the sum of the entries is the balance at every prefix.
 */
export type Entry = {
  readonly type: EntryType;
  /** What it adds to the money spent; negative only for `adjust`. */
  readonly spentUsdMicros: number;
  /** What it adds to the money held: positive for a hold, negative for what ends one. */
  readonly heldUsdMicros: number;
};

/** Whom and what money is spent for: everything that a budget or a report can ask about. */
export type ChargeFacts = {
  readonly account: string;
  readonly backendId: string;
  readonly model: string;
  readonly kind: string;
  /** Name of the API key. */
  readonly apiKey?: string;
  /** A label under the account. */
  readonly userId?: string;
  readonly tags?: readonly string[];
};

/** Tokens and units that an amount was worked out from. */
export type BookedUsage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens?: number;
};

/**
 * One message of the ledger: entries that are booked together or not at all, all of one attempt.
 *
 * Holds and waste are kept by (jobId, attemptNo), the charge by jobId: the same fact twice is one
 * booking.
 */
export type Booking = ChargeFacts & {
  readonly jobId: string;
  readonly attemptNo: number;
  /** When it was booked, by the server's clock; the period it counts in. */
  readonly atMs: number;
  readonly entries: readonly Entry[];
  /** Of a hold: what the router expects the attempt to cost. */
  readonly estimatedUsdMicros?: number;
  /** How the cost was found; `unknown`: flagged, and its amount means nothing. */
  readonly basis?: string;
  /** By our tariff, where the provider's own figure counts. */
  readonly tariffUsdMicros?: number;
  readonly usage?: BookedUsage;
  /** Sequence of the state cell that it was booked from; absent for holds and adjustments. */
  readonly cellSeq?: number;
  /** Every state cell up to this sequence had been read when it was booked. */
  readonly readSeq?: number;
  /** Of waste: the sequence of the late receipt that it was booked from, in place of a cell. */
  readonly receiptSeq?: number;
  /** Of an adjustment: why, and by whom. */
  readonly reason?: string;
};

/** A hold of `usdMicros`. Throws RangeError on what is no amount. */
export const holdEntry = (usdMicros: number): Entry => ({
  type: 'hold',
  spentUsdMicros: 0,
  heldUsdMicros: amountOf(usdMicros, 'hold'),
});

/** The end of a hold without a charge. */
export const voidEntry = (heldUsdMicros: number): Entry => ({
  type: 'void',
  spentUsdMicros: 0,
  heldUsdMicros: -amountOf(heldUsdMicros, 'void'),
});

/** Money gone for an attempt that nobody is charged for; ends a hold of `heldUsdMicros`. */
export const wasteEntry = (usdMicros: number, heldUsdMicros = 0): Entry => ({
  type: 'waste',
  spentUsdMicros: amountOf(usdMicros, 'waste'),
  heldUsdMicros: 0 - amountOf(heldUsdMicros, 'waste'),
});

/** A correction of either sign. */
export const adjustEntry = (usdMicros: number): Entry => ({
  type: 'adjust',
  spentUsdMicros: sumOf(usdMicros, 0),
  heldUsdMicros: 0,
});

/**
 * The charge of a job: what fits its hold as `post`, what goes beyond as `overrun`. Without a hold
 * (undefined) all of it is posted: nothing was promised that could be overrun.
 */
export function chargeEntries(
  costUsdMicros: number,
  heldUsdMicros: number | undefined,
): readonly Entry[] {
  const cost = amountOf(costUsdMicros, 'post');
  if (heldUsdMicros === undefined) return [postEntry(cost, 0)];
  const held = amountOf(heldUsdMicros, 'held');
  if (cost <= held) return [postEntry(cost, held)];
  const overrun: Entry = { type: 'overrun', spentUsdMicros: cost - held, heldUsdMicros: 0 };
  return [postEntry(held, held), overrun];
}

const postEntry = (usdMicros: number, heldUsdMicros: number): Entry => ({
  type: 'post',
  spentUsdMicros: usdMicros,
  heldUsdMicros: 0 - heldUsdMicros,
});
