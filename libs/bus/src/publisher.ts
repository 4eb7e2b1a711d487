import { availableParallelism } from 'node:os';
import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/nats-core';
import { AppError, InFlight } from '@switchyard/domain';
import { readAck, type Stored } from './ack.js';
import type { Listeners, Payload } from './listeners.js';

/** What a publish may ask of the stream. */
export type PublishOptions = {
  /** Stored only where the subject's last message has this sequence; 0: where there is none. */
  readonly expectedSeq?: number;
  /** Stored only where the stream's last message, of any subject, has this sequence. */
  readonly expectedStreamSeq?: number;
  /** Stored only where the stream's last message, of any subject, was sent with this id. */
  readonly expectedMessageId?: string;
  /** The server forgets the message after this long; at least 1 s, whole seconds. */
  readonly ttlMs?: number;
  /**
   * A second message with this id within the stream's window is not stored. Saves work, decides
   * nothing.
   */
  readonly messageId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** True: nothing leaves with it; it is sent at once where no other answer is awaited. */
  readonly isAlone?: boolean;
};

type Waiting = {
  readonly resolve: (message: Msg) => void;
  readonly reject: (error: AppError) => void;
  readonly dueAtMonoMs: number;
  readonly isSoon: boolean;
};
type Queued = {
  subject: string;
  data: string | Uint8Array;
  reply: string | undefined;
  headers: MsgHdrs | undefined;
};

/** An event not yet spelled out. */
type Thought = { readonly subject: string; readonly event: object };

type RequestOptions = {
  readonly timeoutMs?: number;
  /** True: sent after what is urgent, with others of the next milliseconds. */
  readonly isSoon?: boolean;
  readonly isAlone?: boolean;
};

/**
 * How long what is not urgent waits for company. Each socket write wakes the server and each answer
 * wakes us; events and acknowledgements that nobody waits for are not worth one of their own.
 */
const soonMs = 5;

/**
 * How long the event loop turns instead of sleeping from an urgent write on. A local server answers
 * in a third of this, and what comes next is often there within the rest; a slower one costs no
 * more.
 */
const awakeMs = availableParallelism() > 1 ? 1 : 0;

/** How long an acknowledgement may take before its result counts as unknown. */
const ackTimeoutMs = 5_000;

/**
 * Publishes with one acknowledgement inbox per process.
 *
 * - `nc.request()` builds two errors with stack traces for each call; at 64 connections that was 21
 *   % of the process (nats.js 3.4.0), hence the inbox of our own.
 * - Publishes of one turn of the event loop leave in one socket write.
 * - A timeout or a lost connection means *unknown*: AppError `unavailable`, and the caller reads or
 *   repeats.
 */
export class Publisher {
  readonly #nc: NatsConnection;
  readonly #inbox: string;
  readonly #listeners: Listeners;
  readonly #waiting = new InFlight<string, Waiting>();
  readonly #timer: NodeJS.Timeout;
  #queue: Queued[] = [];
  #soon: Queued[] = [];
  #thoughts: Thought[] = [];
  #soonTimer: NodeJS.Timeout | undefined;
  /** Answers that somebody waits for at this moment. */
  #urgent = 0;
  #isFlushing = false;
  #isAwake = false;
  #awakeUntilMonoMs = 0;
  #next = 0;

  constructor(nc: NatsConnection, inboxId: string, listeners: Listeners) {
    this.#nc = nc;
    this.#listeners = listeners;
    this.#inbox = `_INBOX.${inboxId}`;
    nc.subscribe(`${this.#inbox}.*`, { callback: (_error, message) => this.#settle(message) });
    this.#timer = setInterval(() => this.#expire(), 250);
    this.#timer.unref();
  }

  /**
   * Publishes into a stream and returns what the stream said. Throws AppError `unavailable` where
   * that is unknown.
   */
  async publish(
    subject: string,
    data: string | Uint8Array,
    options: PublishOptions = {},
  ): Promise<Stored> {
    const stored = readAck(await this.request(subject, data, options, publishHeaders(options)));
    if (stored.kind === 'stored') this.#listeners.tell(subject, data);
    return stored;
  }

  /** Sends without waiting for anything; a stream that listens stores it all the same. */
  emit(
    subject: string,
    data: string | Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): void {
    this.#enqueue({
      subject,
      data,
      reply: undefined,
      headers: headers && publishHeaders({ headers }),
    });
    queueMicrotask(() => this.#listeners.tell(subject, data));
  }

  /**
   * As `emit`; where it concerns this process, it leaves for the others some milliseconds later.
   * `here`: what listeners of this process hear instead, the message itself.
   */
  emitNear(subject: string, data: string, here: Payload = data): void {
    queueMicrotask(() => {
      const message = { subject, data, reply: undefined, headers: undefined };
      if (this.#listeners.tell(subject, here) > 0) this.#enqueueSoon(message);
      else this.#enqueue(message);
    });
  }

  /** As `emit`, but after what is urgent, with others of the next milliseconds. */
  emitSoon(subject: string, event: object): void {
    this.#thoughts.push({ subject, event });
    this.#soonTimer ??= setTimeout(() => this.#promote(), soonMs);
  }

  /** Sends and waits for the one answer. Throws AppError `unavailable`. */
  request(
    subject: string,
    data: string | Uint8Array,
    { timeoutMs = ackTimeoutMs, isSoon = false, isAlone = false }: RequestOptions = {},
    headers?: MsgHdrs,
  ): Promise<Msg> {
    if (!this.isConnected) return Promise.reject(notConnected());
    this.#next += 1;
    const token = this.#next.toString(36);
    return new Promise<Msg>((resolve, reject) => {
      const nowMonoMs = performance.now();
      this.#waiting.set(token, { resolve, reject, dueAtMonoMs: nowMonoMs + timeoutMs, isSoon });
      if (!isSoon) this.#urgent += 1;
      const message = { subject, data, reply: `${this.#inbox}.${token}`, headers };
      if (isSoon) this.#enqueueSoon(message);
      else this.#enqueue(message);
      // Where more is awaited, more is on its way: the end of this turn finds it.
      if (isAlone && this.#urgent === 1) this.flush();
    });
  }

  /** True while the server is there; what is sent meanwhile is refused, not kept. */
  isConnected = true;

  /** Called on a change of the connection: what was under way when it broke is unknown. */
  setConnected(isConnected: boolean): void {
    this.isConnected = isConnected;
    if (isConnected) return;
    for (const token of this.#waiting.keys()) this.#take(token)?.reject(notConnected());
  }

  /** Sends what is queued at once, what waits for company too. */
  flushAll(): void {
    this.#promote();
    this.flush();
  }

  /**
   * Sends what waits for company. It never leaves with what is urgent: the server would
   * acknowledge that later.
   */
  sendDeferred(): void {
    if (this.#soon.length > 0) setImmediate(() => this.#promote());
  }

  /** Sends what is queued at once. */
  flush(): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#isFlushing = false;
    if (this.#nc.isClosed()) return;
    for (const { subject, data, reply, headers } of queue) {
      this.#nc.publish(subject, bytesOf(data), headers ? { reply, headers } : { reply });
    }
    if (this.#thoughts.length > 0) setImmediate(() => this.#spellOut());
    this.#stayAwake();
  }

  close(): void {
    clearInterval(this.#timer);
    this.flushAll();
    this.setConnected(false);
  }

  /**
   * Keeps the event loop turning for what comes of a write: on two cores the answer came half a
   * millisecond later where the process had gone to sleep for it.
   */
  #stayAwake(): void {
    if (this.#urgent === 0 || awakeMs === 0) return;
    this.#awakeUntilMonoMs = performance.now() + awakeMs;
    if (this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isAwake = performance.now() < this.#awakeUntilMonoMs;
    if (this.#isAwake) setImmediate(() => this.#turn());
  }

  /** Writes events out while the server is busy with what was urgent. */
  #spellOut(): void {
    for (const { subject, event } of this.#thoughts.splice(0)) {
      const data = JSON.stringify(event);
      this.#soon.push({ subject, data, reply: undefined, headers: undefined });
      this.#listeners.tell(subject, event);
    }
  }

  #enqueueSoon(message: Queued): void {
    this.#soon.push(message);
    this.#soonTimer ??= setTimeout(() => this.#promote(), soonMs);
  }

  #promote(): void {
    clearTimeout(this.#soonTimer);
    this.#soonTimer = undefined;
    this.#spellOut();
    for (const message of this.#soon.splice(0)) this.#enqueue(message);
  }

  #enqueue(message: Queued): void {
    this.#queue.push(message);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.flush());
  }

  /** Ends the wait for an answer. */
  #take(token: string): Waiting | undefined {
    const waiting = this.#waiting.take(token);
    if (waiting && !waiting.isSoon) this.#urgent -= 1;
    return waiting;
  }

  #settle(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const waiting = this.#take(token);
    if (!waiting) return;
    if (message.headers?.code === 503)
      waiting.reject(new AppError('unavailable', 'nobody answers this subject'));
    else waiting.resolve(message);
  }

  #expire(): void {
    const nowMonoMs = performance.now();
    for (const [token, waiting] of this.#waiting) {
      if (waiting.dueAtMonoMs > nowMonoMs) continue;
      const late = new AppError('unavailable', 'NATS did not acknowledge in time', {
        retryAfterMs: 1_000,
      });
      this.#take(token)?.reject(late);
    }
  }
}

const notConnected = () =>
  new AppError('unavailable', 'the connection to NATS is down', { retryAfterMs: 1_000 });

function publishHeaders(options: PublishOptions): MsgHdrs | undefined {
  const { expectedSeq, expectedStreamSeq, expectedMessageId, ttlMs, messageId, headers } = options;
  const isExpecting = expectedSeq !== undefined || expectedStreamSeq !== undefined;
  if (!isExpecting && ttlMs === undefined && !messageId && !headers && !expectedMessageId)
    return undefined;
  let text = 'NATS/1.0\r\n';
  if (headers) for (const [name, value] of Object.entries(headers)) text += line(name, value);
  if (expectedSeq !== undefined)
    text += line('Nats-Expected-Last-Subject-Sequence', String(expectedSeq));
  if (expectedStreamSeq !== undefined)
    text += line('Nats-Expected-Last-Sequence', String(expectedStreamSeq));
  if (expectedMessageId) text += line('Nats-Expected-Last-Msg-Id', expectedMessageId);
  if (ttlMs !== undefined) text += line('Nats-TTL', `${Math.max(1, Math.ceil(ttlMs / 1_000))}s`);
  if (messageId) text += line('Nats-Msg-Id', messageId);
  const bytes = Buffer.from(`${text}\r\n`);
  // All that nats.js asks of headers is their bytes; building a MsgHdrs cost as much as a publish.
  return { encode: () => bytes } as unknown as MsgHdrs;
}

/** From Node's pool of small buffers: a third of the time of the client's own encoder. */
const bytesOf = (data: string | Uint8Array): Uint8Array =>
  typeof data === 'string' ? Buffer.from(data) : data;

/** One header line. Throws where a value could end it and begin another. */
function line(name: string, value: string): string {
  if (/[\r\n]/.test(value)) throw new AppError('invalid_request', `${name}: holds a line break`);
  return `${name}: ${value}\r\n`;
}
