import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import type { ConsumerSpec } from '@switchyard/contracts';
import { InvariantError } from '@switchyard/domain';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Bus } from '../bus.js';
import type { Consumption } from '../consumption.js';
import type { Delivery } from '../delivery.js';
import { done, type Settlement } from '../settle.js';

/**
 * What `@EventPattern(pattern, extras)` gives to this strategy: the durable consumer behind the
 * handler.
 */
export type DurableHandler = {
  readonly consumer: Omit<ConsumerSpec, 'filter'>;
  readonly concurrency: number;
};

/**
 * Runs Nest's `@EventPattern` handlers on durable JetStream consumers.
 *
 * - The pattern is the consumer's filter; handlers are found by consumer, never by the incoming
 *   subject.
 * - A handler takes a Delivery and returns a Settlement; nothing returned means done. A throw gives
 *   the message back.
 * - Two handlers for one pattern are refused: Nest would chain them and acknowledge twice.
 */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  readonly #bus: Bus;
  readonly #onProblem: (problem: string, cause?: unknown) => void;
  readonly #consumptions: Consumption[] = [];

  constructor(bus: Bus, onProblem: (problem: string, cause?: unknown) => void) {
    super();
    this.#bus = bus;
    this.#onProblem = onProblem;
  }

  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEvent = false,
    extras = {},
  ): void {
    const key = this.normalizePattern(pattern as never);
    if (this.messageHandlers.has(key)) throw new InvariantError(`two handlers for ${key}`);
    super.addHandler(pattern, callback, isEvent, extras);
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      for (const [pattern, handler] of this.messageHandlers) await this.#consume(pattern, handler);
      callback();
    } catch (cause) {
      callback(cause);
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#consumptions.map((consumption) => this.#bus.stopConsuming(consumption)),
    );
  }

  on(): void {
    throw new InvariantError('this strategy has no events of its own; the bus tells its status');
  }

  unwrap<T>(): T {
    return this.#bus as T;
  }

  async #consume(pattern: string, handler: MessageHandler): Promise<void> {
    const extras = handler.extras as DurableHandler | undefined;
    if (!extras?.consumer)
      throw new InvariantError(`${pattern}: @EventPattern needs { consumer, concurrency }`);
    const spec: ConsumerSpec = { ...extras.consumer, filter: pattern };
    const consumption = await this.#bus.consume({
      consumer: spec,
      concurrency: extras.concurrency,
      renewEveryMs: spec.ackWaitMs / 3,
      handle: (delivery) => settlementOf(handler, delivery),
      onProblem: this.#onProblem,
    });
    this.#consumptions.push(consumption);
  }
}

async function settlementOf(handler: MessageHandler, delivery: Delivery): Promise<Settlement> {
  const answer: unknown = await handler(delivery);
  const value: unknown = isObservable(answer)
    ? await lastValueFrom(answer, { defaultValue: done })
    : answer;
  return (value as Settlement | undefined) ?? done;
}
