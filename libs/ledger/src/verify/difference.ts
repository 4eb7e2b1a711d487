/**
 * What can be wrong.
 * - `not_booked`: a receipt shows a cost that no booking has.
 * - `booked_twice`: one charge of a job, or one waste of an attempt, stands in several bookings.
 * - `another_amount`: booked, but not what the receipt shows.
 * - `another_scope`: booked for another account, backend, model, key or tag.
 * - `no_receipt`: booked, and nothing shows that it was spent.
 * - `no_end`: money is held for an attempt that is over.
 * - `no_hold`: a booking ends a hold that was not open, or not of that amount.
 * - `held_twice`: held again while it was held already.
 * - `beyond_hold`: more was posted under a hold than it was, and not as overrun.
 * - `missing_entries`: sequences of the ledger that are not in it.
 * - `fold`: a balance is not the sum of its entries.
 */
export type DifferenceKind =
  | 'not_booked'
  | 'booked_twice'
  | 'another_amount'
  | 'another_scope'
  | 'no_receipt'
  | 'no_end'
  | 'no_hold'
  | 'held_twice'
  | 'beyond_hold'
  | 'missing_entries'
  | 'fold';

/** One thing that is not as it must be, and the messages of the ledger that it is about. */
export type Difference = {
  readonly kind: DifferenceKind;
  readonly column: 'spent' | 'held';
  /** Every scope whose balance it changes. */
  readonly scopes: readonly string[];
  /** Where the money should stand, if elsewhere. */
  readonly expectedScopes?: readonly string[];
  readonly expectedUsdMicros: number;
  readonly foundUsdMicros: number;
  /** Sequences in the ledger; none where it lacks one. */
  readonly ledgerSeqs: readonly number[];
  readonly jobId?: string;
  readonly attemptNo?: number;
  /** Sequence of the state cell that shows it. */
  readonly cellSeq?: number;
  /** Said to a person, where the kind does not say all. */
  readonly why?: string;
};

/** A balance by its entries and by what the receipts say. */
export type VerifiedBalance = {
  readonly scope: string;
  readonly spentUsdMicros: number;
  readonly expectedSpentUsdMicros: number;
  readonly heldUsdMicros: number;
  readonly expectedHeldUsdMicros: number;
};

/** Money of bookings, and how many they are. */
export type Summed = { readonly count: number; readonly usdMicros: number };

/** What came of comparing the ledger with the receipts. */
export type Verification = {
  /** True where there is no difference. */
  readonly isRight: boolean;
  readonly differences: readonly Difference[];
  /** Of every scope that was ever booked or should have been. */
  readonly balances: readonly VerifiedBalance[];
  /** What was looked at. */
  readonly looked: {
    readonly bookings: number;
    readonly cells: number;
    readonly lateReceipts: number;
  };
  /** Costs and ends of holds so young that the ledger may not have read them yet. */
  readonly pending: Summed;
  /** Bookings compared with a receipt. */
  readonly receipted: Summed;
  /**
   * Bookings whose receipts are kept no longer: only checked against each other. `untilMs`: when
   * the youngest of them was booked.
   */
  readonly unreceipted: Summed & { readonly untilMs?: number };
  /** Receipts that flag a price nobody knows: what they cost is in no sum. */
  readonly unpriced: number;
};
