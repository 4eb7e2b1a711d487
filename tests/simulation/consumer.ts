import type { ConsumerSpec } from '@switchyard/contracts';
import type { Kept } from './kept.js';
import { matches } from './subjects.js';

/** Where deliveries go: one of the processes that pull from a consumer. */
export type Sink = (message: Kept, deliveryCount: number) => void;

/** One durable consumer: how far it has handed out, what of it is pending, and until when. */
export class Consumer {
  readonly spec: ConsumerSpec;
  readonly isWorkQueue: boolean;
  readonly sinks: Sink[];
  /** By sequence, the instant from which a message counts as nobody's. */
  readonly pending = new Map<number, number>();
  readonly deliveries = new Map<number, number>();
  nextSeq = 1;
  hasNews = true;
  #dueAtMs = 0;

  constructor(spec: ConsumerSpec, isWorkQueue: boolean, sinks: Sink[]) {
    this.spec = spec;
    this.isWorkQueue = isWorkQueue;
    this.sinks = sinks;
  }

  /** Keeps a delivery from coming again for so long; without effect where it is settled. */
  hold(seq: number, untilMs: number): void {
    if (!this.pending.has(seq)) return;
    this.pending.set(seq, untilMs);
    this.#dueAtMs = Math.min(this.#dueAtMs, untilMs);
  }

  /** What is to be handed out now: first what comes again. */
  due(messages: ReadonlyMap<number, Kept>, lastSeq: number, nowMs: number): readonly Kept[] {
    if (!this.hasNews && nowMs < this.#dueAtMs) return [];
    this.hasNews = false;
    const found: Kept[] = [];
    this.#dueAtMs = nowMs + this.spec.ackWaitMs;
    for (const [seq, untilMs] of this.pending) {
      const message = messages.get(seq);
      if (!message) this.pending.delete(seq);
      else if (untilMs <= nowMs) found.push(message);
      else this.#dueAtMs = Math.min(this.#dueAtMs, untilMs);
    }
    for (; this.nextSeq <= lastSeq; this.nextSeq += 1) {
      const message = messages.get(this.nextSeq);
      if (message && matches(this.spec.filter, message.subject)) found.push(message);
    }
    return found;
  }
}
