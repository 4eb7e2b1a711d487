import { setTimeout as delay } from 'node:timers/promises';
import type { ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import type { ConsumerSpec } from '@switchyard/contracts';
import { type Delivery, toDelivery } from './delivery.js';
import { retryAfter, type Settlement, type Settler } from './settle.js';

/** What a consumer does with one delivery: it returns how to settle it, and may throw. */
export type Handler = (delivery: Delivery) => Promise<Settlement> | Settlement;

/** What is consumed, by whom, and how much of it at once. */
export type ConsumeOptions = {
  /** The durable consumer; should it be deleted under us, it is made again from this. */
  readonly consumer: ConsumerSpec;
  /**
   * At most this many handlers run at once; what comes beyond waits here, bounded by the consumer's
   * ack limit.
   */
  readonly concurrency: number;
  readonly handle: Handler;
  /** Told of what went wrong; the consumption goes on. */
  readonly onProblem: (problem: string, cause?: unknown) => void;
  /** Told when its consumer is gone, and when it is there again. */
  readonly onHealth?: () => void;
  /** Where set, a delivery whose handler is still busy is renewed this often. */
  readonly renewEveryMs?: number;
};

/** How long a delivery waits before it is handed out again after its handler threw. */
const afterThrowMs = 1_000;
/** How long a consumer that is gone waits to be made again, at first and at the longest. */
const remakeFirstMs = 50;
const remakeLastMs = 2_000;

/** What a consumption needs of the bus it belongs to. */
type Means = {
  readonly js: JetStreamClient;
  readonly settler: Settler;
  /** Creates a consumer, or updates it. */
  readonly make: (spec: ConsumerSpec) => Promise<void>;
};

/**
 * Messages of one durable consumer going to one handler.
 *
 * - A handler that throws gives the message back after 1 s: nothing is lost, and nothing spins.
 * - `stop()` takes no more, gives back what waits at the gate, then waits for those under way.
 * - A consumer deleted under us is told through `onProblem` and made again at once; where its
 *   stream is gone too, once that is back. `isHealthy` is false meanwhile. What had been handed out
 *   and is not acknowledged comes again then.
 */
export class Consumption {
  readonly #options: ConsumeOptions;
  readonly #means: Means;
  readonly #running = new Set<Promise<void>>();
  readonly #line: Delivery[] = [];
  #messages: ConsumerMessages | undefined;
  #isStopping = false;
  isHealthy = false;

  private constructor(options: ConsumeOptions, means: Means) {
    this.#options = options;
    this.#means = means;
  }

  static async start(options: ConsumeOptions, means: Means): Promise<Consumption> {
    const consumption = new Consumption(options, means);
    await consumption.#open();
    return consumption;
  }

  /** Messages whose handlers have not returned. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Takes no more; resolves once every handler returned or `graceMs` passed. */
  async stop(graceMs = 30_000): Promise<void> {
    this.#isStopping = true;
    this.#messages?.stop();
    for (const delivery of this.#line.splice(0)) this.#means.settler.giveBack(delivery.receipt, 0);
    const grace = new Promise<void>((resolve) => {
      setTimeout(resolve, graceMs).unref();
    });
    await Promise.race([Promise.allSettled([...this.#running]), grace]);
  }

  async #open(): Promise<void> {
    const { consumer, concurrency } = this.#options;
    const found = await this.#means.js.consumers.get(consumer.stream, consumer.name);
    const messages = await found.consume({
      max_messages: concurrency,
      threshold_messages: Math.max(1, Math.floor(concurrency / 2)),
      expires: 30_000,
      idle_heartbeat: 5_000,
      callback: (message) => this.#take(message),
    });
    if (this.#isStopping) {
      messages.stop();
      return;
    }
    this.#messages = messages;
    this.isHealthy = true;
    void this.#watch(messages);
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) {
      if (type === 'heartbeats_missed') this.#tell('heartbeats missed');
      const isGone =
        type === 'consumer_not_found' || type === 'stream_not_found' || type === 'consumer_deleted';
      if (!isGone || this.#isStopping) continue;
      this.isHealthy = false;
      this.#tell(type);
      this.#options.onHealth?.();
      messages.stop();
      await this.#remake();
      return;
    }
  }

  /** Tries until the consumer is there again. */
  async #remake(): Promise<void> {
    const { consumer } = this.#options;
    for (let waitMs = remakeFirstMs; ; waitMs = Math.min(2 * waitMs, remakeLastMs)) {
      await delay(waitMs, undefined, { ref: false });
      if (this.#isStopping) return;
      try {
        await this.#means.make(consumer);
        await this.#open();
        this.#tell('made again');
        this.#options.onHealth?.();
        return;
      } catch (cause) {
        if (waitMs === remakeLastMs) this.#tell('cannot be made again yet', cause);
      }
    }
  }

  #tell(problem: string, cause?: unknown): void {
    const { consumer, onProblem } = this.#options;
    onProblem(`${consumer.stream}/${consumer.name}: ${problem}`, cause);
  }

  #take(message: JsMsg): void {
    const delivery = toDelivery(message);
    if (this.#isStopping) return this.#means.settler.giveBack(delivery.receipt, 0);
    this.#line.push(delivery);
    this.#next();
  }

  /** Starts handlers while the gate is open. */
  #next(): void {
    while (this.#running.size < this.#options.concurrency && !this.#isStopping) {
      const delivery = this.#line.shift();
      if (!delivery) return;
      const work = this.#run(delivery);
      if (!work) continue;
      this.#running.add(work);
      void work.finally(() => {
        this.#running.delete(work);
        this.#next();
      });
    }
  }

  /** Runs the handler; a handler that answers `hold` at once costs no promise. */
  #run(delivery: Delivery): Promise<void> | undefined {
    let answer: Promise<Settlement> | Settlement;
    try {
      answer = this.#options.handle(delivery);
    } catch (cause) {
      answer = this.#failed(cause);
    }
    if (!(answer instanceof Promise) && answer.kind === 'hold') return undefined;
    return this.#finish(delivery, answer);
  }

  async #finish(delivery: Delivery, answer: Promise<Settlement> | Settlement): Promise<void> {
    const { renewEveryMs } = this.#options;
    const timer = renewEveryMs
      ? setInterval(() => this.#means.settler.renew(delivery.receipt), renewEveryMs)
      : undefined;
    let settlement: Settlement;
    try {
      settlement = await answer;
    } catch (cause) {
      settlement = this.#failed(cause);
    } finally {
      clearInterval(timer);
    }
    try {
      await this.#means.settler.settle(delivery.receipt, settlement);
    } catch (cause) {
      this.#tell('a settlement was not confirmed, the message will come again', cause);
    }
  }

  #failed(cause: unknown): Settlement {
    this.#tell('a handler threw', cause);
    return retryAfter(afterThrowMs);
  }
}
