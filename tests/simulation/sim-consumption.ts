import type { ConsumeOptions, Settlement } from '@switchyard/bus';
import type { Sink } from './consumer.js';
import type { SimNetwork } from './network.js';
import type { SettlingMember } from './member.js';
import { receiptOf } from './receipts.js';
import type { Kept } from './kept.js';

/** As in libs/bus. */
const afterThrowMs = 1_000;

/** One process that pulls from a durable consumer. */
export class SimConsumption {
  readonly #network: SimNetwork;
  readonly #bus: SettlingMember;
  readonly #options: ConsumeOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #sink: Sink = (message, count) => this.#deliver(message, count);
  #isStopping = false;
  isHealthy = true;

  constructor(network: SimNetwork, bus: SettlingMember, options: ConsumeOptions) {
    this.#network = network;
    this.#bus = bus;
    this.#options = options;
    const consumer = network.store.consumer(options.consumer);
    consumer.sinks.push(this.#sink);
    consumer.hasNews = true;
  }

  /** Pulls no more. */
  detach(): void {
    const { sinks } = this.#network.store.consumer(this.#options.consumer);
    const at = sinks.indexOf(this.#sink);
    if (at >= 0) sinks.splice(at, 1);
  }

  /** Takes no more; resolves once every handler returned or `graceMs` passed. */
  async stop(graceMs = 30_000): Promise<void> {
    this.#isStopping = true;
    this.isHealthy = false;
    this.detach();
    const grace = new Promise<void>((resolve) => {
      setTimeout(resolve, graceMs);
    });
    await Promise.race([Promise.allSettled([...this.#running]), grace]);
  }

  #deliver(message: Kept, deliveryCount: number): void {
    const receipt = receiptOf(this.#options.consumer, message, deliveryCount);
    const { subject, data, seq, storedAtMs, headers } = message;
    const header = (name: string) => headers[name];
    const delivery = { subject, data, seq, deliveryCount, storedAtMs, receipt, header };
    this.#network.deliver(this.#bus, () => {
      // What came after the last pull ended is not taken; it comes again after its ack wait.
      if (this.#isStopping) return;
      const work = this.#run(receipt, () => this.#options.handle(delivery));
      this.#running.add(work);
      void work.finally(() => this.#running.delete(work));
    });
  }

  async #run(receipt: string, handle: () => Promise<Settlement> | Settlement): Promise<void> {
    const { settler } = this.#bus;
    try {
      await settler.settle(receipt, await handle());
    } catch (caught) {
      this.#options.onProblem('a handler threw, or its settlement is unknown', caught);
      settler.giveBack(receipt, afterThrowMs);
    }
  }
}
