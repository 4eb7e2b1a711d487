import type { Booking } from './entries.js';

/**
 * Which outcomes and which wasted attempts are booked already, so that the same cell read twice, or
 * cells read in another order than written, book nothing twice.
 *
 * Cells are read in the order of their sequences, and every booking says up to which sequence all
 * had been read. Only what was booked from beyond that has to be remembered by name.
 */
export class Settled {
  /** Outcomes booked from cells not yet passed: the job, and its cell's sequence. */
  readonly #charged = new Map<string, number>();
  /** Jobs without an outcome yet, and the highest of their attempts whose waste is booked. */
  readonly #wasted = new Map<string, number>();
  #readSeq = 0;
  #receiptSeq = 0;

  /** Every cell up to this sequence was read when the last booking was made. */
  get readSeq(): number {
    return this.#readSeq;
  }

  /** Every late receipt up to this sequence is booked. */
  get receiptSeq(): number {
    return this.#receiptSeq;
  }

  /** True where the job's outcome, in a cell of this sequence, is booked. */
  isCharged(jobId: string, cellSeq: number): boolean {
    return cellSeq <= this.#readSeq || this.#charged.has(jobId);
  }

  /** The highest attempt of an open job whose waste is booked; 0: none is. */
  wastedUpTo(jobId: string): number {
    return this.#wasted.get(jobId) ?? 0;
  }

  add({ jobId, attemptNo, entries, cellSeq, readSeq, receiptSeq }: Booking): void {
    if (receiptSeq !== undefined) {
      // Of an attempt that its job went on without: what its cell shows is booked beside it.
      this.#receiptSeq = receiptSeq;
      return;
    }
    for (const { type } of entries) {
      if (type === 'waste') {
        this.#wasted.set(jobId, Math.max(attemptNo, this.wastedUpTo(jobId)));
      } else if (type === 'post') {
        this.#wasted.delete(jobId);
        if (cellSeq !== undefined) this.#charged.set(jobId, cellSeq);
      }
    }
    if (readSeq !== undefined && readSeq > this.#readSeq) this.#passed(readSeq);
  }

  #passed(readSeq: number): void {
    this.#readSeq = readSeq;
    for (const [jobId, cellSeq] of this.#charged) {
      if (cellSeq > readSeq) continue;
      this.#charged.delete(jobId);
    }
  }
}
