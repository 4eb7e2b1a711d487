import { randomUUID } from 'node:crypto';
import {
  jetstream,
  jetstreamManager,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { Match, type Msg, nanos, type NatsConnection } from '@nats-io/nats-core';
import { Objm } from '@nats-io/obj';
import {
  type BucketSpec,
  buckets,
  type ConsumerSpec,
  decode,
  encode,
  encodeOnce,
  payloadStore,
  rowStore,
  type StreamSpec,
} from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { Cells } from './cells.js';
import { type BusOptions, openConnection } from './connection.js';
import { ConsumerRenewal } from './consumer-renewal.js';
import { Consumption, type ConsumeOptions } from './consumption.js';
import { KeyValues } from './key-values.js';
import { Leases } from './leases.js';
import { type Hear, Listeners } from './listeners.js';
import { Objects } from './objects.js';
import { withPatience } from './patience.js';
import { Provisioner } from './provisioner.js';
import { Publisher, type PublishOptions } from './publisher.js';
import { followStream, type Follow, isNothingThere } from './follow.js';
import { answerRequests, type Answer, askHere, askMessageHere } from './rpc.js';
import { Settler } from './settle.js';
import { StoreProbe } from './store-probe.js';

/** A message read from a stream by hand. */
export type StoredMessage = {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly seq: number;
  readonly contentType: string | undefined;
};

/**
 * One process's way to NATS: everything a service does with it, in the project's words.
 *
 * While the connection is down, publishes and requests are refused with AppError `unavailable`; it
 * comes back by itself.
 */
export class Bus {
  readonly cells: Cells;
  readonly leases: Leases;
  readonly settler: Settler;
  readonly #nc: NatsConnection;
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #publisher: Publisher;
  readonly #storeProbe: StoreProbe;
  readonly #listeners = new Listeners();
  readonly #answers = new Map<string, Answer>();
  readonly #consumptions = new Set<Consumption>();
  readonly #strangeListeners = new Set<() => void>();
  readonly #statusListeners = new Set<(isConnected: boolean) => void>();
  #isClosing = false;

  private constructor(nc: NatsConnection, jsm: JetStreamManager, onStatus: BusOptions['onStatus']) {
    this.#nc = nc;
    this.#jsm = jsm;
    this.#js = jetstream(nc);
    this.#publisher = new Publisher(nc, randomUUID().replaceAll('-', ''), this.#listeners);
    this.#storeProbe = new StoreProbe(this.#publisher);
    this.cells = new Cells(this.#publisher);
    this.leases = new Leases(this.#publisher);
    this.settler = new Settler(this.#publisher);
    if (onStatus) this.#statusListeners.add(onStatus);
    void this.#followStatus();
  }

  /** Connects. Throws AppError `unavailable` where no server answers within 10 s. */
  static async connect(options: BusOptions): Promise<Bus> {
    const nc = await openConnection(options);
    return new Bus(nc, await jetstreamManager(nc, { checkAPI: false }), options.onStatus);
  }

  /** True while the server is reachable. */
  get isConnected(): boolean {
    return this.#publisher.isConnected && !this.#nc.isClosed();
  }

  /** Calls `listener` on each change between connected and not; returns what stops that. */
  onStatus(listener: (isConnected: boolean) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** Calls `listener` for each hint that could not be read; returns what stops that. */
  onStrange(listener: () => void): () => void {
    this.#strangeListeners.add(listener);
    return () => this.#strangeListeners.delete(listener);
  }

  /** The name of the server we are connected to. */
  get serverName(): string {
    return this.#nc.info?.server_name ?? '';
  }

  /** True where every consumption still has its consumer. */
  get isHealthy(): boolean {
    return (
      this.isConnected && [...this.#consumptions].every((consumption) => consumption.isHealthy)
    );
  }

  /** Why the server stores nothing now; undefined where it does. See StoreProbe. */
  storeProblem(): Promise<string | undefined> {
    return this.#storeProbe.problem();
  }

  /** Stores a message and returns what the stream said; see Publisher. */
  publish(subject: string, data: string | Uint8Array, options?: PublishOptions) {
    return this.#publisher.publish(subject, data, options);
  }

  /** Sends without waiting: hints, events, chunks. */
  emit(
    subject: string,
    data: string | Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): void {
    this.#publisher.emit(subject, data, headers);
  }

  /**
   * The same for a hint that is urgent for this process's own listeners alone, where it has any.
   */
  emitNear(subject: string, data: string): void {
    this.#publisher.emitNear(subject, data);
  }

  /** The same for a message; listeners of this process get it as it is, and must not change it. */
  emitMessageNear(subject: string, message: object): void {
    this.#publisher.emitNear(subject, encodeOnce(message), message);
  }

  /** Sends what waits for company: the server has time for it while a backend works. */
  sendDeferred(): void {
    this.#publisher.sendDeferred();
  }

  /**
   * Tells an event: as `emit`, but a few milliseconds later and together with others, so that
   * history never stands in the way of a job. It is spelled out only then: it must not change.
   */
  tell(subject: string, event: object): void {
    this.#publisher.emitSoon(subject, event);
  }

  /**
   * Asks another service and returns its answer's bytes. Throws AppError: its own, or
   * `unavailable`.
   */
  async ask(subject: string, data: string | Uint8Array, timeoutMs = 5_000): Promise<Uint8Array> {
    const here = this.#answers.get(subject);
    if (here) return askHere(here, data);
    const answer = await this.#publisher.request(subject, data, { timeoutMs });
    const code = answer.headers?.get('Sy-Error-Code');
    if (code) throw new AppError(code as never, answer.string());
    return answer.data;
  }

  /**
   * Asks by a message, and returns the one it is answered. A service of this process gets it as it
   * is; neither side may change what it has got.
   */
  async askMessage(subject: string, message: object, timeoutMs?: number): Promise<object> {
    const here = this.#answers.get(subject);
    if (here) return askMessageHere(here, message);
    return decode(await this.ask(subject, encode(message), timeoutMs));
  }

  /**
   * Answers requests; instances of one `queue` share them. Resolves, to what stops it, once every
   * process is answered: a service awaits that before it calls itself ready.
   */
  async answer(subject: string, queue: string, answer: Answer): Promise<() => void> {
    this.#answers.set(subject, answer);
    const stop = await answerRequests(this.#nc, subject, queue, answer);
    return () => {
      if (this.#answers.get(subject) === answer) this.#answers.delete(subject);
      stop();
    };
  }

  /** Listens to a core subject: hints, nobody's truth. Returns what stops it. */
  listen(pattern: string, hear: Hear): () => void {
    const callback = (_error: Error | null, { subject, data }: Msg) => {
      try {
        hear(subject, data);
      } catch (cause) {
        // Anybody may send a hint: one that cannot be read must not end the subscription.
        this.#tellStrange(pattern, cause);
      }
    };
    const subscription = this.#nc.subscribe(pattern, { callback });
    const unlisten = this.#listeners.add(pattern, hear);
    return () => {
      unlisten();
      subscription.unsubscribe();
    };
  }

  /** Resolves once the server has seen every subscription made before. */
  flush(): Promise<void> {
    return this.#nc.flush();
  }

  /**
   * Creates or updates streams, buckets and the object store. `replicas` 1 on one node, 3 on a
   * cluster. A cluster whose servers are still finding each other is waited for, for a minute;
   * `onWait` is told of that. Throws AppError `unavailable` then.
   */
  async provision(
    specs: readonly StreamSpec[],
    replicas: number,
    onWait?: (message: string) => void,
  ): Promise<void> {
    const provisioner = new Provisioner(this.#jsm, replicas);
    const make = (what: string, step: () => Promise<unknown>) =>
      withPatience(step, { what, onWait });
    const store = (name: string, ttl?: number) =>
      make(`the object store ${name}`, () =>
        new Objm(this.#nc).create(name, { replicas, ...(ttl ? { ttl: nanos(ttl) } : {}) }),
      );
    await Promise.all([
      ...specs.map((spec) => make(`the stream ${spec.name}`, () => provisioner.stream(spec))),
      ...Object.values(buckets).map((bucket) =>
        make(`the bucket ${bucket.name}`, () => this.#openBucket(bucket, replicas)),
      ),
      store(payloadStore),
      store(rowStore.name, rowStore.maxAgeMs),
    ]);
  }

  /** To make durable consumers anew, so that all they had handed out comes again. */
  renewal(): ConsumerRenewal {
    return new ConsumerRenewal(new Provisioner(this.#jsm, 1));
  }

  removeConsumer(spec: Pick<ConsumerSpec, 'stream' | 'name'>): Promise<void> {
    return new Provisioner(this.#jsm, 1).removeConsumer(spec);
  }

  /** Makes a durable consumer where it is missing, and hands its messages to a handler. */
  async consume(options: ConsumeOptions): Promise<Consumption> {
    const make = (spec: ConsumerSpec) => new Provisioner(this.#jsm, 1).consumer(spec);
    await make(options.consumer);
    const means = { js: this.#js, settler: this.settler, make };
    const consumption = await Consumption.start(options, means);
    this.#consumptions.add(consumption);
    return consumption;
  }

  /** Stops a consumption and forgets it. */
  async stopConsuming(consumption: Consumption, graceMs?: number): Promise<void> {
    await consumption.stop(graceMs);
    this.#consumptions.delete(consumption);
  }

  /** Tells a stream's messages in order from a sequence on, for ever: for projections. */
  follow(options: Follow): Promise<() => Promise<void>> {
    return followStream(this.#jsm, options);
  }

  /** One message by its sequence; undefined where it is gone. */
  async readSeq(stream: string, seq: number): Promise<StoredMessage | undefined> {
    return this.#directGet(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify({ seq }));
  }

  /** The last message of a subject; undefined where there is none. */
  async readLast(stream: string, subject: string): Promise<StoredMessage | undefined> {
    return this.#directGet(`$JS.API.DIRECT.GET.${stream}.${subject}`, '');
  }

  /** The messages of a stream, or of one subject, from a sequence on; at most so many of them. */
  async readSome(
    stream: string,
    fromSeq: number,
    max: number,
    subject?: string,
  ): Promise<readonly StoredMessage[]> {
    const found: StoredMessage[] = [];
    const from = { seq: Math.max(1, fromSeq), batch: max };
    const asked = subject === undefined ? from : { ...from, next_by_subj: subject };
    try {
      for await (const message of await this.#jsm.direct.getBatch(stream, asked)) {
        const { data, seq } = message;
        found.push({ subject: message.subject, data, seq, contentType: undefined });
      }
    } catch (caught) {
      if (!isNothingThere(caught)) throw caught;
    }
    return found;
  }

  /** Removes one message by its sequence; false where it is gone already. */
  deleteSeq(stream: string, seq: number): Promise<boolean> {
    return this.#jsm.streams.deleteMessage(stream, seq).catch(() => false);
  }

  /** The subjects of a stream that match, each with its number of messages. */
  async subjectsIn(stream: string, filter: string): Promise<Readonly<Record<string, number>>> {
    const info = await this.#jsm.streams.info(stream, { subjects_filter: filter });
    return info.state.subjects ?? {};
  }

  /** What this account stores, and what it may: undefined where only the server has a limit. */
  async storeUse(): Promise<{ readonly bytes: number; readonly bytesMax: number | undefined }> {
    const { storage, limits } = await this.#jsm.getAccountInfo();
    return { bytes: storage, bytesMax: limits.max_storage > 0 ? limits.max_storage : undefined };
  }

  /** When a stream was made, its sequences, and the server's time where it tells it. */
  async streamState(stream: string) {
    const info = await this.#jsm.streams.info(stream);
    const { first_seq: firstSeq, last_seq: lastSeq, messages } = info.state;
    const { ts } = info as { readonly ts?: string };
    const serverTime = ts ? { serverAtMs: Date.parse(ts) } : {};
    return { createdAtMs: Date.parse(info.created), firstSeq, lastSeq, messages, ...serverTime };
  }

  async keyValues<Value extends object>(bucket: string): Promise<KeyValues<Value>> {
    return new KeyValues<Value>(await new Kvm(this.#js).open(bucket, { allow_direct: true }));
  }

  /** An object store that was provisioned; bodies and what is as large, where none is named. */
  async objects(store = payloadStore): Promise<Objects> {
    return new Objects(await new Objm(this.#js).open(store));
  }

  /** Stops every consumption, sends what is queued and closes the connection. */
  async drain(graceMs?: number): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await Promise.all([...this.#consumptions].map((consumption) => consumption.stop(graceMs)));
    this.#publisher.flushAll();
    await this.#nc.drain().catch(() => {});
    this.#publisher.close();
  }

  async #openBucket(bucket: BucketSpec, replicas: number): Promise<void> {
    // A short marker TTL turns on per-message TTLs for the bucket (nats-server 2.11 or newer).
    await new Kvm(this.#js).create(bucket.name, {
      history: 1,
      replicas,
      ...(bucket.allowsTtl ? { markerTTL: 1_000 } : {}),
      ...(bucket.maxAgeMs ? { ttl: bucket.maxAgeMs } : {}),
    });
  }

  async #directGet(subject: string, body: string): Promise<StoredMessage | undefined> {
    const answer = await this.#publisher.request(subject, body);
    const code = answer.headers?.code ?? 0;
    if (code === 404) return undefined;
    if (code >= 400)
      throw new AppError(
        'unavailable',
        `the stream cannot be read: ${answer.headers?.description}`,
      );
    return {
      subject: answer.headers?.get('Nats-Subject') ?? '',
      data: answer.data,
      seq: Number(answer.headers?.get('Nats-Sequence')),
      contentType: answer.headers?.get('content-type', Match.IgnoreCase) || undefined,
    };
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.#nc.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection') {
        this.#tellStatus(false);
      } else if (status.type === 'reconnect') {
        this.#tellStatus(true);
      }
    }
  }

  #tellStrange(pattern: string, cause: unknown): void {
    process.emitWarning(`a listener of ${pattern} failed: ${String(cause)}`);
    for (const listener of this.#strangeListeners) listener();
  }

  #tellStatus(isConnected: boolean): void {
    this.#publisher.setConnected(isConnected);
    for (const listener of this.#statusListeners) listener(isConnected);
  }
}
