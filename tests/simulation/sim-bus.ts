import type {
  Answer,
  Bus,
  ConsumeOptions,
  Follow,
  Hear,
  Lease,
  Payload,
  PublishOptions,
  Settlement,
} from '@switchyard/bus';
import { type ConsumerSpec, decode, encode, subjects, type WireCell } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { Breaks } from './breaks.js';
import type { Owner } from './clock.js';
import { type SimNetwork, silence } from './network.js';
import { SimConsumption } from './sim-consumption.js';
import { SimKeyValues } from './sim-key-values.js';
import type { Member } from './member.js';
import { partsOf } from './receipts.js';
import { matches } from './subjects.js';

/** After this long without an answer its result counts as unknown; as in libs/bus. */
const unknownAfterMs = 5_000;

/** What an asker hears. */
type Told<Value> = { readonly value: Value } | { readonly error: AppError };

const bytesOf = (data: string | Uint8Array) =>
  typeof data === 'string' ? Buffer.from(data) : data;

/**
 * The bus of one simulated process: what libs/bus offers to services, over lines that lose, delay,
 * repeat and reorder. Nothing of NATS is imitated here but what services can see of it.
 */
export class SimBus implements Member {
  readonly owner: Owner;
  isConnected = true;
  readonly isHealthy = true;
  /** When the last message of each direction arrives. */
  readonly up = { lastAtMs: 0 };
  readonly down = { lastAtMs: 0 };
  /** What is on its way in order. */
  readonly missed: (() => void)[] = [];
  readonly #network: SimNetwork;
  readonly #name: string;
  readonly #listeners = new Set<{ readonly pattern: string; readonly hear: Hear }>();
  readonly #answers = new Map<string, Answer>();
  readonly #consumptions = new Set<SimConsumption>();
  readonly #statusListeners = new Set<(isConnected: boolean) => void>();
  readonly #asking = new Set<(error: AppError) => void>();
  readonly #breaks: Breaks;

  constructor(network: SimNetwork, name: string, owner: Owner) {
    this.#network = network;
    this.#name = name;
    this.owner = owner;
    this.#breaks = new Breaks(network.clock, owner, (is) => this.#setConnected(is));
    network.join(this);
  }

  /** The same as a Bus, for the services: they are given nothing else. */
  get bus(): Bus {
    return this as unknown as Bus;
  }

  get isCut(): boolean {
    return this.#breaks.isCut;
  }

  /** The process is gone: nothing reaches it, and nothing it does is done. */
  kill(): void {
    this.owner.isDead = true;
    for (const consumption of this.#consumptions) consumption.detach();
    this.#network.leave(this);
  }

  /** The connection breaks for so long; the process notices in the course of it, and its return. */
  cut(forMs: number): void {
    this.#breaks.cut(forMs);
  }

  /** What lines are cut is whole again. */
  heal(): void {
    this.#breaks.heal();
  }

  listensTo(subject: string): boolean {
    for (const { pattern } of this.#listeners) if (matches(pattern, subject)) return true;
    return false;
  }

  hear(subject: string, data: Payload): void {
    if (this.owner.isDead) return;
    for (const { pattern, hear } of [...this.#listeners]) {
      if (matches(pattern, subject)) hear(subject, data);
    }
  }

  // What services call.

  onStatus(listener: (isConnected: boolean) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  publish(subject: string, data: string | Uint8Array, options?: PublishOptions) {
    const bytes = bytesOf(data);
    return this.#ask(() => {
      const said = this.#store(subject, bytes, options);
      if (!said) throw new Error(`no stream takes ${subject}`);
      if (said.kind === 'stored') this.#network.tell(this, subject, bytes);
      return said;
    }).then((said) => {
      if (said.kind === 'stored') this.hear(subject, data);
      return said;
    });
  }

  emit(subject: string, data: string | Uint8Array): void {
    this.#emit(subject, bytesOf(data), data);
  }

  emitNear(subject: string, data: string): void {
    this.emit(subject, data);
  }

  emitMessage(subject: string, message: object): void {
    this.#emit(subject, bytesOf(encode(message)), message);
  }

  emitMessageNear = (subject: string, message: object) => this.emitMessage(subject, message);

  sendDeferred(): void {}

  /** The history of jobs is nobody's truth, and nobody here reads it; that of backends is heard. */
  tell(subject: string, event: object): void {
    if (!subject.startsWith('events.job.')) this.emitMessage(subject, event);
  }

  listen(pattern: string, hear: Hear): () => void {
    const listener = { pattern, hear };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async answer(subject: string, _queue: string, answer: Answer): Promise<() => void> {
    this.#answers.set(subject, answer);
    const stop = this.#network.answer(subject, this, answer);
    return () => {
      if (this.#answers.get(subject) === answer) this.#answers.delete(subject);
      stop();
    };
  }

  async ask(subject: string, data: string | Uint8Array, timeoutMs?: number): Promise<Uint8Array> {
    const here = this.#answers.get(subject);
    if (here) return bytesOf(await here(bytesOf(data)));
    return this.#askOther(subject, bytesOf(data), timeoutMs);
  }

  async flush(): Promise<void> {}

  renewal() {
    const renew = (spec: ConsumerSpec) => void this.#network.store.consumer(spec, true);
    return { renew: (specs: readonly ConsumerSpec[]) => this.#ask(() => specs.forEach(renew)) };
  }

  async removeConsumer({ name }: Pick<ConsumerSpec, 'name'>): Promise<void> {
    await this.#ask(() => void this.#network.store.consumers.delete(name));
  }

  async consume(options: ConsumeOptions): Promise<SimConsumption> {
    await this.#ask(() => void this.#network.store.consumer(options.consumer));
    const consumption = new SimConsumption(this.#network, this, options);
    this.#consumptions.add(consumption);
    return consumption;
  }

  async stopConsuming(consumption: SimConsumption, graceMs?: number): Promise<void> {
    this.#consumptions.delete(consumption);
    await consumption.stop(graceMs);
  }

  /** As libs/bus does: looks from time to time, and tells what is new in order. */
  async follow({ stream, filter, fromSeq, tell, everyMs = 1_000 }: Follow) {
    let next = Math.max(1, fromSeq);
    let isStopped = false;
    const look = async () => {
      const found = await this.#ask(() => this.#network.store.some(stream, next, 500, filter));
      for (const { subject, data, seq, storedAtMs } of found) {
        if (isStopped || seq < next) continue;
        next = seq + 1;
        tell(subject, data, seq, storedAtMs);
      }
    };
    await look().catch(() => {});
    let isLooking = false;
    const timer = setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      void look()
        .catch(() => {})
        .finally(() => {
          isLooking = false;
        });
    }, everyMs);
    return async () => {
      isStopped = true;
      clearInterval(timer);
    };
  }

  readSeq(stream: string, seq: number) {
    return this.#ask(() => this.#network.store.get(stream, seq));
  }

  readLast(stream: string, subject: string) {
    return this.#ask(() => this.#network.store.last(stream, subject));
  }

  readSome(stream: string, fromSeq: number, max: number, subject?: string) {
    return this.#ask(() => this.#network.store.some(stream, fromSeq, max, subject));
  }

  deleteSeq(stream: string, seq: number) {
    return this.#ask(() => this.#network.store.remove(stream, seq)).catch(() => false);
  }

  subjectsIn(stream: string, filter: string) {
    return this.#ask(() => {
      const found: Record<string, number> = {};
      for (const { subject } of this.#network.store.messagesOf(stream)) {
        if (matches(filter, subject)) found[subject] = 1;
      }
      return found;
    });
  }

  streamState(stream: string) {
    const { clock, store } = this.#network;
    return this.#ask(() => {
      const lastSeq = store.lastSeq(stream);
      const kept = [...store.messagesOf(stream)];
      const firstSeq = kept[0]?.seq ?? lastSeq + 1;
      const serverAtMs = clock.serverNowMs;
      const messages = kept.length;
      return { createdAtMs: clock.epochMs, firstSeq, lastSeq, messages, serverAtMs };
    });
  }

  async keyValues(bucket: string) {
    const ask = <Value>(act: () => Value) => this.#ask(act);
    return new SimKeyValues(this.#network, this, this.#network.bucket(bucket), ask);
  }

  async objects() {
    const { objects } = this.#network;
    return {
      get: (name: string) => this.#ask(() => objects.get(name)),
      put: (name: string, data: Uint8Array) => this.#ask(() => void objects.set(name, data)),
    };
  }

  readonly cells = {
    read: (jobId: string) =>
      this.#ask(() => {
        const message = this.#network.store.last('STATE', subjects.state(jobId));
        return message && { cell: decode<WireCell>(message.data), seq: message.seq };
      }),
    write: async (cell: WireCell & { readonly jobId: string }, expectedSeq: number) => {
      const said = await this.publish(subjects.state(cell.jobId), encode(cell), { expectedSeq });
      if (said.kind === 'stored') return { kind: 'written', seq: said.seq } as const;
      return { kind: 'refused', current: await this.cells.read(cell.jobId) } as const;
    },
  };

  readonly leases = {
    acquire: async (name: string, holder: string, ttlMs: number) => {
      const seq = await this.#ask(() => this.#network.leases.openSeq(name, holder));
      return seq === undefined ? undefined : this.#writeLease({ name, holder, seq }, ttlMs);
    },
    renew: (lease: Lease, ttlMs: number) => this.#writeLease(lease, ttlMs),
    release: async ({ name, seq }: Lease) =>
      void (await this.#writeLease({ name, holder: '', seq }, 1)),
  };

  readonly settler = {
    confirm: async (receipt: string) => {
      const { name, seq } = partsOf(receipt);
      await this.#ask(() => (this.#network.store.acknowledge(name, seq) ? true : silence));
    },
    renew: (receipt: string) => this.#hold(receipt, undefined),
    giveBack: (receipt: string, delayMs: number) => this.#hold(receipt, delayMs),
    end: (receipt: string) => {
      const { name, seq } = partsOf(receipt);
      this.#network.up(this, () => void this.#network.store.acknowledge(name, seq));
    },
    settle: async (receipt: string, settlement: Settlement) => {
      if (settlement.kind === 'done') await this.settler.confirm(receipt);
      else if (settlement.kind === 'retry') this.settler.giveBack(receipt, settlement.delayMs);
      else if (settlement.kind === 'discard') this.settler.end(receipt);
    },
  };

  #store(subject: string, bytes: Uint8Array, options?: PublishOptions) {
    const said = this.#network.store.publish(subject, bytes, options);
    const what = said?.kind === 'stored' ? said.seq : said?.kind;
    if (said) this.#network.tale.tell(`${this.#name} ${subject} ${what}`);
    return said;
  }

  #emit(subject: string, bytes: Uint8Array, here: Payload): void {
    queueMicrotask(() => this.hear(subject, here));
    if (!this.isConnected || this.owner.isDead) return;
    this.#network.up(this, () => {
      if (this.#network.store.takes(subject)) this.#store(subject, bytes);
      this.#network.tell(this, subject, bytes);
    });
  }

  #hold(receipt: string, delayMs: number | undefined): void {
    const { name, seq } = partsOf(receipt);
    if (!this.isConnected || this.owner.isDead) return;
    this.#network.up(this, () => {
      const consumer = this.#network.store.consumers.get(name);
      const forMs = delayMs ?? consumer?.spec.ackWaitMs ?? 0;
      consumer?.hold(seq, this.#network.clock.serverNowMs + forMs);
    });
  }

  async #writeLease({ name, holder, seq }: Lease, ttlMs: number): Promise<Lease | undefined> {
    const written = await this.#ask(() => this.#network.leases.write(name, holder, ttlMs, seq));
    return written === undefined ? undefined : { name, holder, seq: written };
  }

  #askOther(subject: string, data: Uint8Array, timeoutMs?: number): Promise<Uint8Array> {
    return this.#request(timeoutMs, (reply) => {
      const found = this.#network.answererOf(subject);
      if (!found) return reply({ error: new AppError('unavailable', 'nobody answers') });
      this.#network.down(found.member, () => {
        void Promise.resolve(data)
          .then(found.answer)
          .then(
            (answer) => ({ value: bytesOf(answer) }),
            (caught: unknown) => ({ error: AppError.from(caught) }),
          )
          .then((told) => {
            if (!found.member.owner.isDead) this.#network.up(found.member, () => reply(told), true);
          });
      });
    });
  }

  /** Asks the server: request and answer may be lost, and then the asker knows nothing. */
  #ask<Value>(act: () => Value): Promise<Exclude<Value, typeof silence>> {
    return this.#request(undefined, (reply) => {
      const value = act();
      if (value === silence || this.#network.losesAnswer()) return;
      reply({ value: value as Exclude<Value, typeof silence> });
    });
  }

  #request<Value>(
    timeoutMs = unknownAfterMs,
    atServer: (reply: (told: Told<Value>) => void) => void,
  ): Promise<Value> {
    const { clock } = this.#network;
    if (this.owner.isDead) return new Promise(() => {});
    if (!this.isConnected) return Promise.reject(unavailable());
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.isOver = true;
        this.#asking.delete(fail);
      };
      const fail = (error: AppError) => {
        end();
        reject(error);
      };
      const timer = clock.after(timeoutMs, () => fail(unavailable()), this.owner);
      this.#asking.add(fail);
      const reply = (told: Told<Value>) =>
        this.#network.down(this, () => {
          end();
          if ('error' in told) reject(told.error);
          else resolve(told.value);
        });
      this.#network.up(this, () => atServer(reply), true);
    });
  }

  #setConnected(isConnected: boolean): void {
    if (this.isConnected === isConnected) return;
    this.isConnected = isConnected;
    if (!isConnected) for (const fail of [...this.#asking]) fail(unavailable());
    for (const listener of [...this.#statusListeners]) listener(isConnected);
  }
}

const unavailable = () => new AppError('unavailable', 'no answer');
