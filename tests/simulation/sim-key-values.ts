import type { Bucket, HearChange } from './bucket.js';
import type { SimNetwork } from './network.js';
import type { Member } from './member.js';

type Ask = <Value>(act: () => Value) => Promise<Value>;

/** A bucket as one process has it. */
export class SimKeyValues {
  readonly #network: SimNetwork;
  readonly #bus: Member;
  readonly #bucket: Bucket;
  readonly #ask: Ask;

  constructor(network: SimNetwork, bus: Member, bucket: Bucket, ask: Ask) {
    this.#network = network;
    this.#bus = bus;
    this.#bucket = bucket;
    this.#ask = ask;
  }

  get(key: string) {
    return this.#ask(() => this.#bucket.get(key));
  }

  all() {
    return this.#ask(() => this.#bucket.all());
  }

  put(key: string, value: object): Promise<number> {
    return this.#ask(() => this.#bucket.put(key, value));
  }

  create(key: string, value: object): Promise<boolean> {
    return this.#ask(() => this.#bucket.replace(key, value, undefined) !== undefined);
  }

  replace(key: string, value: object, revision: number | undefined): Promise<number | undefined> {
    return this.#ask(() => this.#bucket.replace(key, value, revision));
  }

  delete(key: string): Promise<void> {
    return this.#ask(() => this.#bucket.delete(key));
  }

  /** Changes are told in order and none is lost: a watch that was cut off is made anew. */
  async watch(tell: HearChange, onReady: () => void = () => {}): Promise<() => void> {
    const hear: HearChange = (key, value) =>
      this.#network.downSurely(this.#bus, () => tell(key, value));
    const { stop, found } = await this.#ask(() => ({
      stop: this.#bucket.watch(hear),
      found: this.#bucket.all(),
    }));
    for (const { key, value } of found) tell(key, value);
    onReady();
    return stop;
  }
}
