/**
 * A map that keeps the `sizeMax` entries used last, so that keys which callers make up (models,
 * accounts) cannot fill the memory.
 */
export class RecentMap<Value> {
  readonly #entries = new Map<string, Value>();
  #last: string | undefined;

  constructor(private readonly sizeMax: number) {}

  /** How many entries there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value of `key`, without counting that as a use. */
  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  /** The value of `key`, made where there is none; counts as a use. */
  use(key: string, make: () => Value): Value {
    const found = this.#entries.get(key);
    if (found === undefined) {
      const made = make();
      this.set(key, made);
      return made;
    }
    // To move a key to the end costs more than to look whether it is there already.
    if (this.#last !== key) this.set(key, found);
    return found;
  }

  /** Puts `value` at `key`; the entry used longest ago leaves a full map. */
  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#last = key;
    if (this.#entries.size <= this.sizeMax) return;
    const oldest = this.#entries.keys().next().value;
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Drops the entry of `key`. */
  delete(key: string): void {
    this.#entries.delete(key);
    if (this.#last === key) this.#last = undefined;
  }

  /** All of them, the one used longest ago first. */
  entries(): IterableIterator<[string, Value]> {
    return this.#entries.entries();
  }
}
