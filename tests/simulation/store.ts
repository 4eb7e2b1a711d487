import type { PublishOptions } from '@switchyard/bus';
import { type ConsumerSpec, type StreamSpec, streams } from '@switchyard/contracts';
import { Consumer } from './consumer.js';
import type { Kept } from './kept.js';
import { matches } from './subjects.js';

/** What the server says to a publish; as in libs/bus. */
type Said =
  | { readonly kind: 'stored'; readonly seq: number; readonly isDuplicate: boolean }
  | { readonly kind: 'stale' }
  | { readonly kind: 'full'; readonly perSubject: boolean };

/** Told of what is stored and removed, before anybody else is. */
export type Watch = {
  readonly stored: (stream: string, message: Kept) => void;
  readonly removed: (stream: string, message: Kept) => void;
};

type Stream = {
  readonly spec: StreamSpec;
  readonly messages: Map<number, Kept>;
  readonly lastOf: Map<string, number>;
  readonly ids: Map<string, { readonly seq: number; readonly untilMs: number }>;
  lastSeq: number;
  /** The id that the last message was sent with. */
  lastId: string | undefined;
};

const specs = Object.values(streams({ queueCapacity: 1_000 })) as StreamSpec[];

/**
 * What a server does with our streams, in memory: order, compare-and-set, one message per slot, the
 * window of duplicates, work queues, and consumers that hand out again what is not renewed.
 */
export class Store {
  readonly #streams = new Map<string, Stream>();
  readonly #streamOf = new Map<string, Stream>();
  readonly consumers = new Map<string, Consumer>();
  readonly #now: () => number;
  readonly #pick: (count: number) => number;
  readonly #watch: Watch;

  constructor(now: () => number, pick: (count: number) => number, watch: Watch) {
    this.#now = now;
    this.#pick = pick;
    this.#watch = watch;
    for (const spec of specs) {
      const empty = { messages: new Map(), lastOf: new Map(), ids: new Map(), lastSeq: 0 };
      this.#streams.set(spec.name, { spec, ...empty, lastId: undefined });
    }
  }

  /** Stores a message in the stream of its subject; undefined where no stream takes it. */
  publish(subject: string, data: Uint8Array, options: PublishOptions = {}): Said | undefined {
    const stream = this.#find(subject);
    if (!stream) return undefined;
    const { messageId, headers = {} } = options;
    const nowMs = this.#now();
    const known = messageId === undefined ? undefined : stream.ids.get(messageId);
    if (known && known.untilMs > nowMs)
      return { kind: 'stored', seq: known.seq, isDuplicate: true };
    const refusal = refusalOf(stream, subject, options);
    if (refusal) return refusal;
    this.#makeRoom(stream, subject);
    stream.lastSeq += 1;
    const seq = stream.lastSeq;
    const kept = { subject, data, seq, headers, storedAtMs: nowMs, contentType: undefined };
    stream.messages.set(seq, kept);
    stream.lastOf.set(subject, seq);
    const untilMs = nowMs + stream.spec.duplicateWindowMs;
    stream.lastId = messageId;
    if (messageId !== undefined) stream.ids.set(messageId, { seq, untilMs });
    this.#watch.stored(stream.spec.name, kept);
    for (const consumer of this.consumers.values()) {
      if (consumer.spec.stream === stream.spec.name) consumer.hasNews = true;
    }
    return { kind: 'stored', seq, isDuplicate: false };
  }

  takes(subject: string): boolean {
    return this.#find(subject) !== undefined;
  }

  messagesOf(name: string): Iterable<Kept> {
    return this.#stream(name).messages.values();
  }

  get(name: string, seq: number): Kept | undefined {
    return this.#stream(name).messages.get(seq);
  }

  last(name: string, subject: string): Kept | undefined {
    const stream = this.#stream(name);
    return stream.messages.get(stream.lastOf.get(subject) ?? 0);
  }

  /** Messages from a sequence on, of one subject or pattern where one is given. */
  some(name: string, fromSeq: number, max: number, pattern?: string): Kept[] {
    const { messages, lastSeq } = this.#stream(name);
    const found: Kept[] = [];
    for (let seq = Math.max(1, fromSeq); seq <= lastSeq && found.length < max; seq += 1) {
      const message = messages.get(seq);
      if (message && (!pattern || matches(pattern, message.subject))) found.push(message);
    }
    return found;
  }

  lastSeq(name: string): number {
    return this.#stream(name).lastSeq;
  }

  remove(name: string, seq: number): boolean {
    const { messages } = this.#stream(name);
    const message = messages.get(seq);
    if (!message) return false;
    messages.delete(seq);
    this.#watch.removed(name, message);
    return true;
  }

  /** Makes a consumer where there is none; `isAnew`: in any case, so that all comes again. */
  consumer(spec: ConsumerSpec, isAnew = false): Consumer {
    const known = this.consumers.get(spec.name);
    if (known && !isAnew) return known;
    const { retention } = this.#stream(spec.stream).spec;
    // Whoever pulled from the consumer of this name goes on with the new one.
    const made = new Consumer(spec, retention === 'workqueue', known?.sinks ?? []);
    this.consumers.set(spec.name, made);
    return made;
  }

  /** Acknowledges a message; false where the consumer, made anew, has not handed it out yet. */
  acknowledge(name: string, seq: number): boolean {
    const consumer = this.consumers.get(name);
    if (!consumer || seq >= consumer.nextSeq) return false;
    consumer.pending.delete(seq);
    if (consumer.isWorkQueue) this.remove(consumer.spec.stream, seq);
    return true;
  }

  /** Hands out what nobody has; what was not renewed in time counts as nobody's. */
  pump(): void {
    const nowMs = this.#now();
    for (const consumer of this.consumers.values()) {
      if (consumer.sinks.length === 0) continue;
      const { messages, lastSeq } = this.#stream(consumer.spec.stream);
      for (const message of consumer.due(messages, lastSeq, nowMs)) {
        const count = (consumer.deliveries.get(message.seq) ?? 0) + 1;
        consumer.deliveries.set(message.seq, count);
        consumer.pending.set(message.seq, nowMs + consumer.spec.ackWaitMs);
        consumer.sinks[this.#pick(consumer.sinks.length)]?.(message, count);
      }
    }
  }

  /** A limit of one message per subject that is not refused at drops the one before. */
  #makeRoom(stream: Stream, subject: string): void {
    const last = stream.messages.get(stream.lastOf.get(subject) ?? 0);
    if (!last || stream.spec.maxMessagesPerSubject !== 1) return;
    stream.messages.delete(last.seq);
    this.#watch.removed(stream.spec.name, last);
  }

  #find(subject: string): Stream | undefined {
    const known = this.#streamOf.get(subject);
    if (known) return known;
    for (const stream of this.#streams.values()) {
      if (!stream.spec.subjects.some((pattern) => matches(pattern, subject))) continue;
      this.#streamOf.set(subject, stream);
      return stream;
    }
    return undefined;
  }

  #stream(name: string): Stream {
    const stream = this.#streams.get(name);
    if (!stream) throw new Error(`no stream ${name}`);
    return stream;
  }
}

function refusalOf(
  { messages, lastOf, lastSeq, lastId, spec }: Stream,
  subject: string,
  { expectedSeq, expectedStreamSeq, expectedMessageId }: PublishOptions,
): Said | undefined {
  const last = lastOf.get(subject) ?? 0;
  const isThere = messages.has(last);
  if (expectedSeq !== undefined && expectedSeq !== (isThere ? last : 0)) return { kind: 'stale' };
  if (expectedStreamSeq !== undefined && expectedStreamSeq !== lastSeq) return { kind: 'stale' };
  if (expectedMessageId !== undefined && expectedMessageId !== lastId) return { kind: 'stale' };
  if (isThere && spec.isDiscardNewPerSubject) return { kind: 'full', perSubject: true };
  return undefined;
}
