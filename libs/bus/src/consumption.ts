import type { ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { type Delivery, toDelivery } from './delivery.js';
import { retryAfter, type Settlement, type Settler } from './settle.js';

/** What a consumer does with one delivery: it returns how to settle it, and may throw. */
export type Handler = (delivery: Delivery) => Promise<Settlement> | Settlement;

/** What is consumed, by whom, and how much of it at once. */
export type ConsumeOptions = {
  readonly stream: string;
  readonly consumer: string;
  /**
   * At most this many handlers run at once; what comes beyond waits here, bounded by the consumer's
   * ack limit.
   */
  readonly concurrency: number;
  readonly handle: Handler;
  /** Told of what went wrong; the consumption goes on. */
  readonly onProblem: (problem: string, cause?: unknown) => void;
  /** Where set, a delivery whose handler is still busy is renewed this often. */
  readonly renewEveryMs?: number;
};

/** How long a delivery waits before it is handed out again after its handler threw. */
const afterThrowMs = 1_000;

/**
 * Messages of one durable consumer going to one handler.
 *
 * - A handler that throws gives the message back after 1 s: nothing is lost, and nothing spins.
 * - `stop()` takes no more, gives back what waits at the gate, then waits for those under way.
 * - A consumer or stream deleted under us is told through `onProblem`, and `isHealthy` turns false.
 */
export class Consumption {
  readonly #options: ConsumeOptions;
  readonly #settler: Settler;
  readonly #running = new Set<Promise<void>>();
  readonly #line: Delivery[] = [];
  #messages: ConsumerMessages | undefined;
  #isStopping = false;
  isHealthy = false;

  private constructor(options: ConsumeOptions, settler: Settler) {
    this.#options = options;
    this.#settler = settler;
  }

  static async start(
    js: JetStreamClient,
    settler: Settler,
    options: ConsumeOptions,
  ): Promise<Consumption> {
    const consumption = new Consumption(options, settler);
    await consumption.#open(js);
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
    for (const delivery of this.#line.splice(0)) this.#settler.giveBack(delivery.receipt, 0);
    const grace = new Promise<void>((resolve) => {
      setTimeout(resolve, graceMs).unref();
    });
    await Promise.race([Promise.allSettled([...this.#running]), grace]);
  }

  async #open(js: JetStreamClient): Promise<void> {
    const { stream, consumer, concurrency } = this.#options;
    const found = await js.consumers.get(stream, consumer);
    const messages = await found.consume({
      max_messages: concurrency,
      threshold_messages: Math.max(1, Math.floor(concurrency / 2)),
      expires: 30_000,
      idle_heartbeat: 5_000,
      callback: (message) => this.#take(message),
    });
    this.#messages = messages;
    this.isHealthy = true;
    void this.#watch(messages);
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    const { stream, consumer, onProblem } = this.#options;
    for await (const status of messages.status()) {
      const { type } = status;
      if (type === 'heartbeats_missed') onProblem(`${stream}/${consumer}: heartbeats missed`);
      if (
        type === 'consumer_not_found' ||
        type === 'stream_not_found' ||
        type === 'consumer_deleted'
      ) {
        this.isHealthy = false;
        if (!this.#isStopping) onProblem(`${stream}/${consumer}: ${type}`);
      }
    }
  }

  #take(message: JsMsg): void {
    if (this.#isStopping) return;
    this.#line.push(toDelivery(message));
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
    const { renewEveryMs, onProblem, stream } = this.#options;
    const timer = renewEveryMs
      ? setInterval(() => this.#settler.renew(delivery.receipt), renewEveryMs)
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
      await this.#settler.settle(delivery.receipt, settlement);
    } catch (cause) {
      onProblem(`${stream}: a settlement was not confirmed, the message will come again`, cause);
    }
  }

  #failed(cause: unknown): Settlement {
    this.#options.onProblem(`${this.#options.stream}: a handler threw`, cause);
    return retryAfter(afterThrowMs);
  }
}
