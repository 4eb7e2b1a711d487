import type { Bus } from '@switchyard/bus';
import {
  type AskQuote,
  decode,
  encode,
  type LearnedReport,
  type QuoteAnswer,
  type RateAnswer,
  type RoutingView,
  subjects,
} from '@switchyard/contracts';
import { snapshotOf } from '@switchyard/routing';

/** What the active router is asked. Throws AppError `unavailable` where none answers. */
export class RouterPort {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** What would become of a job; nothing is sent. */
  quote(asked: AskQuote): Promise<QuoteAnswer> {
    return this.#ask('quote', asked);
  }

  /** All that decisions read now. */
  async view(): Promise<RoutingView> {
    const view = await this.#ask<RoutingView>('routing', {});
    // What nobody has measured is left out of the message.
    return { ...view, snapshot: snapshotOf(view.snapshot.backends, view.snapshot) };
  }

  /** What was learned of the backends. */
  learned(): Promise<LearnedReport> {
    return this.#ask('learned', {});
  }

  /** Tells how good an answer was. Throws AppError `not_found` where the backend is gone. */
  async rate(answer: RateAnswer): Promise<void> {
    await this.#ask('rate', answer);
  }

  async #ask<Answer extends object>(verb: string, asked: object): Promise<Answer> {
    return decode<Answer>(await this.#bus.ask(subjects.rpc('router', verb), encode(asked)));
  }
}
