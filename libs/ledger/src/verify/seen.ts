import type { ChargeFacts } from '../entries.js';

/** What one attempt cost, as it is told where it ended. */
export type SeenReceipt = {
  readonly attemptNo: number;
  readonly backendId: string;
  readonly usdMicros: number;
  /** True where nobody knows the price: the amount means nothing. */
  readonly isUnpriced: boolean;
};

/** A state cell, as far as its money is verified. */
export type SeenCell = Omit<ChargeFacts, 'backendId'> & {
  readonly jobId: string;
  readonly seq: number;
  /** When the server stored it. */
  readonly storedAtMs: number;
  /** What was booked before is of an earlier job with this id, whose cell is gone. */
  readonly submittedAtMs: number;
  /** `waiting`: no attempt of it has begun yet. */
  readonly state: 'waiting' | 'open' | 'ended';
  /** Attempts below this one are over; counts where the job is open. */
  readonly liveAttemptNo: number;
  readonly receipts: readonly SeenReceipt[];
  /** The attempt that the job pays for, where it pays. */
  readonly chargedAttemptNo?: number;
};

/** The receipt of an attempt that ended after its job had gone on without it. */
export type SeenLateReceipt = Omit<ChargeFacts, 'backendId'> &
  SeenReceipt & { readonly jobId: string; readonly seq: number; readonly storedAtMs: number };
