import { JetStreamApiError } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';

/** One value of a bucket, with the revision that a change of it must name. */
export type Entry<Value> = {
  readonly key: string;
  readonly value: Value;
  readonly revision: number;
};

/** One key-value bucket of JSON values. Keys are subject tokens. */
export class KeyValues<Value extends object> {
  readonly #kv: KV;

  constructor(kv: KV) {
    this.#kv = kv;
  }

  async get(key: string): Promise<Entry<Value> | undefined> {
    const entry = await this.#kv.get(key);
    if (!entry || entry.operation !== 'PUT') return undefined;
    return { key, value: entry.json<Value>(), revision: entry.revision };
  }

  /** Writes whatever is there; the last writer wins. */
  async put(key: string, value: Value): Promise<number> {
    return this.#kv.put(key, JSON.stringify(value));
  }

  /** Writes only where the key does not exist; false where it does. */
  async create(key: string, value: Value): Promise<boolean> {
    try {
      await this.#kv.create(key, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Writes only over what the writer last read: `revision`, or undefined where there was nothing.
   * Returns the new revision; undefined where another wrote in between.
   */
  async replace(
    key: string,
    value: Value,
    revision: number | undefined,
  ): Promise<number | undefined> {
    const text = JSON.stringify(value);
    try {
      return await (revision ? this.#kv.update(key, text, revision) : this.#kv.create(key, text));
    } catch (caught) {
      if (isWrongRevision(caught)) return undefined;
      throw caught;
    }
  }

  async delete(key: string): Promise<void> {
    await this.#kv.delete(key);
  }

  async all(): Promise<Entry<Value>[]> {
    const found: Entry<Value>[] = [];
    for await (const key of await this.#kv.keys()) {
      const entry = await this.get(key);
      if (entry) found.push(entry);
    }
    return found;
  }

  /**
   * Tells every present entry, then `onReady`, then every change; `undefined` as value for a
   * removed key. Returns what stops it.
   */
  async watch(
    tell: (key: string, value: Value | undefined) => void,
    onReady: () => void = () => {},
  ): Promise<() => void> {
    let isReady = false;
    const ready = () => {
      if (!isReady) onReady();
      isReady = true;
    };
    const watcher = await this.#kv.watch();
    if ((await this.#kv.status()).values === 0) ready();
    void (async () => {
      for await (const entry of watcher) {
        tell(entry.key, entry.operation === 'PUT' ? entry.json<Value>() : undefined);
        if (entry.delta === 0) ready();
      }
    })();
    return () => watcher.stop();
  }
}

const wrongLastSequence = 10_071;

const isWrongRevision = (caught: unknown): boolean =>
  caught instanceof JetStreamApiError && caught.code === wrongLastSequence;
