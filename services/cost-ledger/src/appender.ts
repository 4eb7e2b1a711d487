import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '@switchyard/bus';
import { encode, subjects, textOf } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import type { Booking } from '@switchyard/ledger';

const stream = 'LEDGER';
const lookAgainMs = 100;

type LedgerBus = Pick<Bus, 'publish' | 'readSome' | 'streamState'>;

type Pending = {
  readonly seq: number;
  /** Tells it from what another writer may have stored under its sequence. */
  readonly id: string;
  readonly subject: string;
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
};

/**
 * Writes bookings one behind the other, each naming the sequence before it: a second writer's
 * message anywhere in the stream refuses all that follow.
 *
 * - They leave without waiting for each other; one connection keeps their order.
 * - One that leaves behind another names that one's id too: the sequence alone would be right again
 *   where a second writer has stored exactly as many messages as were refused.
 * - Where a result is unknown, the stream is read: what is there of ours is done, the rest is sent
 *   again under the same sequences. What is there of somebody else ends this writer (`onLost`).
 */
export class Appender {
  readonly #bus: LedgerBus;
  readonly #onLost: () => void;
  readonly #writerId = randomUUID();
  #pending: Pending[] = [];
  #lastSeq: number;
  #inFlight = 0;
  #repair: Promise<void> | undefined;
  #stored: Promise<void> = Promise.resolve();
  #isLost = false;

  constructor(bus: LedgerBus, lastSeq: number, onLost: () => void) {
    this.#bus = bus;
    this.#lastSeq = lastSeq;
    this.#onLost = onLost;
  }

  /** The sequence of the last booking, stored or on its way. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Bookings on their way. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Resolves once the booking is stored. Throws AppError `unavailable` where it never will be. */
  append(booking: Booking): Promise<void> {
    if (this.#isLost) return Promise.reject(lost());
    this.#lastSeq += 1;
    const seq = this.#lastSeq;
    this.#stored = new Promise((resolve, reject) => {
      const subject = subjects.ledger(booking.account);
      const id = `${this.#writerId}.${seq}`;
      const pending = { seq, id, subject, text: encode(booking), resolve, reject };
      const before = this.#pending.at(-1);
      this.#pending.push(pending);
      if (!this.#repair) void this.#send(pending, before);
    });
    return this.#stored;
  }

  /**
   * Resolves once everything booked before is stored and nobody else has written. Throws AppError
   * `unavailable` where it never will be.
   */
  async confirmAll(): Promise<void> {
    await this.#stored;
    await this.confirmLast();
  }

  /** Resolves where nobody else has written. Throws AppError `unavailable` where somebody has. */
  async confirmLast(): Promise<void> {
    const { lastSeq } = await this.#bus.streamState(stream);
    if (lastSeq > this.#lastSeq) this.#lose();
    if (this.#isLost) throw lost();
  }

  /** Writes no more; what is on its way may be stored or not. */
  stop(): void {
    this.#isLost = true;
    for (const { reject } of this.#pending.splice(0)) reject(lost());
  }

  async #send({ seq, id, subject, text }: Pending, before: Pending | undefined): Promise<void> {
    this.#inFlight += 1;
    const expected = { expectedStreamSeq: seq - 1, expectedMessageId: before?.id };
    const stored = await this.#bus
      .publish(subject, text, { ...expected, messageId: id, isAlone: true })
      .catch(() => undefined);
    this.#inFlight -= 1;
    if (stored?.kind === 'stored' && stored.seq === seq) this.#confirmUpTo(seq);
    else if (!this.#isLost) this.#repair ??= this.#repairAll();
  }

  #confirmUpTo(seq: number): void {
    while (this.#pending[0] && this.#pending[0].seq <= seq) this.#pending.shift()?.resolve();
  }

  async #repairAll(): Promise<void> {
    while (!this.#isLost) {
      if (this.#inFlight === 0 && (await this.#look().catch(() => false))) break;
      await delay(lookAgainMs);
    }
    this.#repair = undefined;
    const pending = [...this.#pending];
    for (const [at, each] of pending.entries()) void this.#send(each, pending[at - 1]);
  }

  /** Reads what is stored of the pending ones; false where that cannot be said yet. */
  async #look(): Promise<boolean> {
    const first = this.#pending[0];
    if (!first) return true;
    const { lastSeq } = await this.#bus.streamState(stream);
    const count = lastSeq - first.seq + 1;
    if (count <= 0) return true;
    if (count > this.#pending.length) {
      this.#lose();
      return true;
    }
    const found = await this.#bus.readSome(stream, first.seq, count);
    // A replica that lags has not all of them yet.
    if (found.length < count) return false;
    const isOurs = found.every(({ seq, data }, at) => {
      const pending = this.#pending[at];
      return pending?.seq === seq && pending.text === textOf(data);
    });
    if (isOurs) this.#confirmUpTo(lastSeq);
    else this.#lose();
    return true;
  }

  #lose(): void {
    if (this.#isLost) return;
    this.stop();
    this.#onLost();
  }
}

const lost = () =>
  new AppError('unavailable', 'another instance writes the ledger now', { retryAfterMs: 1_000 });
