import type { Bus } from '@switchyard/bus';
import { decode, lastToken, type WireCell } from '@switchyard/contracts';
import { AppError, type Log, type ReachFaultPoint } from '@switchyard/domain';
import {
  answerHold,
  type Book,
  type Booking,
  type CellFacts,
  type HoldAnswer,
  type HoldAsk,
  type HoldMode,
  type LateReceipt,
  lateWaste,
  type OpenHold,
  settle,
  voidBooking,
} from '@switchyard/ledger';
import { Appender } from './appender.js';
import { cellFactsOf } from './cell-facts.js';
import { isDispatched } from './dispatched.js';
import { followLateReceipts } from './late-receipts.js';
import type { Replay } from './replay.js';

/** What a writer needs. */
export type WriterDeps = {
  readonly bus: Bus;
  readonly log: Log;
  readonly now: () => number;
  readonly faultPoint: ReachFaultPoint;
  readonly mode: HoldMode;
  readonly sweepAfterMs: number;
  readonly abandonedAfterMs: number;
};

/** A cell that holds no cost has no such text; all of them would have to be parsed else. */
const costText = Buffer.from('"cost":{');
const sweepMax = 200;
/** Clocks this near to the server's are taken for right. */
const clockErrorMs = 2_000;

/**
 * The active writer: decides on holds, and books what state cells show. Every decision is made on a
 * book that has it already, so that the next one sees it; it is told only when it is stored.
 */
export class Writer {
  readonly book: Book;
  readonly #deps: WriterDeps;
  readonly #appender: Appender;
  readonly #stops: (() => unknown)[] = [];
  #readSeq: number;
  /** How far the server's clock is ahead of ours. */
  #clockAheadMs = 0;
  #isLive = false;
  #sweeps = 0;
  isLost = false;
  readonly #startedMonoMs = performance.now();
  /** When each open hold was first seen here, and when it was asked for again. */
  readonly #seenMonoMs = new WeakMap<OpenHold, number>();
  readonly #askedAgainMonoMs = new Map<string, number>();

  constructor(deps: WriterDeps, { book, lastSeq }: Pick<Replay, 'book' | 'lastSeq'>) {
    this.#deps = deps;
    this.book = book;
    this.#readSeq = book.settled.readSeq;
    this.#appender = new Appender(deps.bus, lastSeq, () => {
      this.isLost = true;
    });
  }

  get lastSeq(): number {
    return this.#appender.lastSeq;
  }

  /** Books what happened meanwhile; then follows it. */
  async start(): Promise<void> {
    const { bus, log } = this.#deps;
    const { lastSeq } = await bus.streamState('STATE');
    // A STATE stream made anew begins below where the old one ended.
    if (lastSeq < this.#readSeq) this.#readSeq = 0;
    const stop = await bus.follow({
      stream: 'STATE',
      fromSeq: this.#readSeq + 1,
      tell: (subject, data, seq, storedAtMs) => this.#read(subject, data, seq, storedAtMs),
      onProblem: (cause) =>
        log.warn({ err: AppError.from(cause).message }, 'state cells cannot be read'),
    });
    this.#stops.push(stop);
    const { receiptSeq } = this.book.settled;
    this.#stops.push(await followLateReceipts(this.#deps, receiptSeq, (late) => this.#late(late)));
    this.#isLive = true;
  }

  /** Called when the writer stops. */
  onStop(stop: () => unknown): void {
    this.#stops.push(stop);
  }

  /** Writes no more; false where the book may hold what is in no stream. */
  async stop(): Promise<boolean> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop();
    const isClean = this.#appender.pendingCount === 0 && !this.isLost;
    this.#appender.stop();
    return isClean;
  }

  /**
   * Answers an ask for money. Throws AppError `unavailable`: then nothing is said, and the job
   * waits; `invalid_request` where a quote is no amount.
   */
  async hold(ask: HoldAsk): Promise<HoldAnswer> {
    const { mode, faultPoint } = this.#deps;
    const { answer, bookings } = decided(() =>
      answerHold(this.book, ask, { mode, nowMs: this.#nowMs() }),
    );
    await Promise.all(bookings.map((booking) => this.#book(booking)));
    if (bookings.length > 0) faultPoint('ledger.held');
    else if (answer.kind === 'held') {
      this.#askedAgainMonoMs.set(ask.jobId, performance.now());
      // It was booked at once and may be on its way yet, or was ended by a writer after this one.
      await this.#appender.confirmAll();
    }
    // A refusal stores nothing that another writer's message would refuse.
    if (answer.kind === 'refused') await this.#appender.confirmLast();
    return answer;
  }

  /**
   * Reads the cells of old holds: for asks that came after the cell had been read. Their age is
   * that by a clock that nobody puts forward or back. Throws AppError `unavailable` where another
   * has written: one that led before may have, after all was folded.
   */
  async sweep(): Promise<void> {
    await this.#appender.confirmLast();
    const nowMonoMs = performance.now();
    const isOld = (hold: OpenHold) =>
      nowMonoMs - this.#seenMonoMsOf(hold, nowMonoMs) >= this.#deps.sweepAfterMs;
    const old = [...this.book.holds.all()].filter(isOld);
    const start = old.length > sweepMax ? (this.#sweeps * sweepMax) % old.length : 0;
    this.#sweeps += 1;
    const { cells } = this.#deps.bus;
    for (const jobId of this.#askedAgainMonoMs.keys()) {
      if (this.book.holds.of(jobId).length === 0) this.#askedAgainMonoMs.delete(jobId);
    }
    for (const hold of old.slice(start, start + sweepMax)) {
      const { jobId } = hold;
      const read = await cells.read(jobId);
      if (read) this.#settle(cellFactsOf(read.cell, jobId, read.seq), this.#readSeq);
      if (!read || read.cell.status === 'submitted') await this.#endAbandoned(hold);
    }
  }

  /**
   * Ends a hold that no run stands behind: a door may have died between the hold of its job and the
   * dispatch. A job that still waits somewhere asks again before it is dispatched.
   */
  async #endAbandoned(hold: OpenHold): Promise<void> {
    const { bus, abandonedAfterMs } = this.#deps;
    const askedMonoMs = this.#askedMonoMsOf(hold);
    const agoMs = performance.now() - askedMonoMs;
    if (agoMs < abandonedAfterMs || (await isDispatched(bus, hold))) return;
    const isOpen = this.book.holds.of(hold.jobId).includes(hold);
    if (!isOpen || this.#askedMonoMsOf(hold) !== askedMonoMs) return;
    this.#book(voidBooking(hold, this.#nowMs())).catch(() => {});
  }

  /** When it was last asked for, or may have been asked for by a writer before this one. */
  #askedMonoMsOf(hold: OpenHold): number {
    const askedAgainMonoMs = this.#askedAgainMonoMs.get(hold.jobId) ?? 0;
    const seenMonoMs = this.#seenMonoMsOf(hold, performance.now());
    return Math.max(seenMonoMs, this.#startedMonoMs, askedAgainMonoMs);
  }

  #seenMonoMsOf(hold: OpenHold, nowMonoMs: number): number {
    const known = this.#seenMonoMs.get(hold);
    if (known === undefined) this.#seenMonoMs.set(hold, nowMonoMs);
    return known ?? nowMonoMs;
  }

  #read(subject: string, data: Uint8Array, seq: number, storedAtMs: number): void {
    const jobId = lastToken(subject);
    if (this.#isLive) this.#compareClocks(storedAtMs);
    if (this.#concernsUs(jobId, data)) {
      this.#settle(cellFactsOf(decode<WireCell>(data), jobId, seq), seq - 1);
    }
    this.#readSeq = seq;
  }

  /** Most cells are of jobs without cost or hold: they are passed over unread. */
  #concernsUs(jobId: string, data: Uint8Array): boolean {
    if (data.length === 0) return false;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return (
      bytes.includes(costText) ||
      this.book.holds.of(jobId).length > 0 ||
      this.book.settled.wastedUpTo(jobId) > 0
    );
  }

  #settle(cell: CellFacts, readSeq: number): void {
    const { log, faultPoint } = this.#deps;
    try {
      const bookings = settle(this.book, cell, { nowMs: this.#nowMs(), readSeq });
      for (const booking of bookings) this.#book(booking).catch(() => {});
      if (bookings.length > 0) faultPoint('ledger.settled');
    } catch (caught) {
      log.error({ jobId: cell.jobId, err: AppError.from(caught).message }, 'a cost is no amount');
    }
  }

  #late(late: LateReceipt): void {
    try {
      const booking = lateWaste(late, this.#nowMs());
      if (booking) this.#book(booking).catch(() => {});
    } catch (caught) {
      const { jobId } = late;
      this.#deps.log.error({ jobId, err: AppError.from(caught).message }, 'a cost is no amount');
    }
  }

  #book(booking: Booking): Promise<void> {
    this.book.add(booking);
    return this.#appender.append(booking);
  }

  #nowMs(): number {
    return this.#deps.now() + this.#clockAheadMs;
  }

  /** Periods are those of the server's clock: a writer whose own is wrong moves no money. */
  #compareClocks(storedAtMs: number): void {
    const aheadMs = storedAtMs - this.#deps.now();
    this.#clockAheadMs = Math.abs(aheadMs) > clockErrorMs ? aheadMs : 0;
  }
}

function decided<Result>(decide: () => Result): Result {
  try {
    return decide();
  } catch (caught) {
    if (!(caught instanceof RangeError)) throw caught;
    throw new AppError('invalid_request', caught.message, { cause: caught });
  }
}
