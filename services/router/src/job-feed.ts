import type { Bus, Consumption, ConsumerRenewal } from '@switchyard/bus';
import { consumers } from '@switchyard/contracts';
import { AppError, type Log, priorityClasses } from '@switchyard/domain';
import type { Intake } from './intake.js';

/** Messages on their way to the waiting room at once. */
const intakeBatch = 1_000;

type Options = {
  readonly bus: Pick<Bus, 'renewal' | 'consume' | 'stopConsuming'>;
  readonly queueCapacity: number;
  readonly log: Log;
  readonly take: Intake['take'];
};

/** What the active router pulls: submissions of every class, and jobs that are tried again. */
export class JobFeed {
  readonly #options: Options;
  #consumptions: Consumption[] = [];
  #renewal: ConsumerRenewal | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#consumptions.length > 0;
  }

  /**
   * Makes the consumers anew, so that all a predecessor was handed comes at once, and pulls. Where
   * it rejects it is called again, and makes only those that are not new yet.
   */
  async open(): Promise<void> {
    const { bus, queueCapacity, log, take } = this.#options;
    const wanted = [
      consumers.retries(queueCapacity),
      ...priorityClasses.map((priority) => consumers.submissions(priority, queueCapacity)),
    ];
    this.#renewal ??= bus.renewal();
    await this.#renewal.renew(wanted);
    // From the first pull on there is again something to be handed out anew.
    this.#renewal = undefined;
    for (const consumer of wanted) {
      const consumption = await bus.consume({
        consumer,
        concurrency: intakeBatch,
        handle: (delivery) => take(consumer.stream, delivery),
        onProblem: (problem, cause) =>
          log.warn({ err: cause && AppError.from(cause).message }, problem),
      });
      this.#consumptions.push(consumption);
    }
  }

  /** Pulls no more. */
  async close(): Promise<void> {
    const { bus } = this.#options;
    const consumptions = this.#consumptions;
    this.#consumptions = [];
    await Promise.all(consumptions.map((consumption) => bus.stopConsuming(consumption, 1_000)));
  }

  /** Another router may have the consumers now: opened again, all of them are made anew. */
  forget(): void {
    this.#renewal = undefined;
  }
}
