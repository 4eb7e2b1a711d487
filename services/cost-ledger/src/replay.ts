import type { Bus } from '@switchyard/bus';
import { decode } from '@switchyard/contracts';
import { Book, type Booking } from '@switchyard/ledger';

const batchMax = 1_000;

/** The book as a fold over the stream LEDGER, so far. */
export class Replay {
  readonly book = new Book();
  readonly #bus: Pick<Bus, 'readSome' | 'streamState'>;
  /** The last sequence that is folded. */
  lastSeq = 0;

  constructor(bus: Pick<Bus, 'readSome' | 'streamState'>) {
    this.#bus = bus;
  }

  /** Folds what is in the stream now. Throws AppError `unavailable`, having folded a part. */
  async catchUp(): Promise<void> {
    const { lastSeq } = await this.#bus.streamState('LEDGER');
    // The next batch is on its way while one is folded.
    let next = this.#read(this.lastSeq + 1, lastSeq);
    while (this.lastSeq < lastSeq) {
      const messages = await next;
      const last = messages.at(-1)?.seq;
      if (last === undefined) return;
      next = this.#read(last + 1, lastSeq);
      for (const { data, seq } of messages) {
        this.book.add(decode<Booking>(data));
        this.lastSeq = seq;
      }
    }
  }

  #read(fromSeq: number, lastSeq: number) {
    if (fromSeq > lastSeq) return Promise.resolve([]);
    return this.#bus.readSome('LEDGER', fromSeq, batchMax);
  }
}
