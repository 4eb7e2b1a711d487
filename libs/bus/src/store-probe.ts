import { buckets } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { RefusedError } from './ack.js';
import type { Publisher } from './publisher.js';

/** Whoever asks more often gets the same answer: /health is open to everybody. */
const keptMs = 1_000;
const timeoutMs = 2_000;
const probeTtlMs = 1_000;

/**
 * Whether the server stores what it is given. A full disk, or a limit that is reached, hinders no
 * reading, and the limit of the whole server is told to nobody who only has an account: so it is
 * tried, with an empty message that goes by itself.
 */
export class StoreProbe {
  readonly #publisher: Publisher;
  #last: Promise<string | undefined> | undefined;
  #triedAtMonoMs = 0;

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /** Why nothing is stored now; undefined where it is. */
  problem(): Promise<string | undefined> {
    const nowMonoMs = performance.now();
    if (!this.#last || nowMonoMs - this.#triedAtMonoMs >= keptMs) {
      this.#triedAtMonoMs = nowMonoMs;
      this.#last = this.#try();
    }
    return this.#last;
  }

  async #try(): Promise<string | undefined> {
    try {
      const options = { ttlMs: probeTtlMs, timeoutMs };
      await this.#publisher.publish(`$KV.${buckets.leases.name}.store-probe`, '', options);
      return undefined;
    } catch (caught) {
      if (caught instanceof RefusedError) return caught.message;
      return `whether NATS stores anything is unknown: ${AppError.from(caught).message}`;
    }
  }
}
