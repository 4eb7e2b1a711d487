/**
 * A Map of what comes and goes with each request.
 *
 * V8 gives a Map a new table after about as many deletions as it holds entries, and each table
 * left behind points to the next one. Once one of them is in the old generation, it keeps all that
 * follow, with the entries they had, until the next full collection: each request that ended was
 * moved there too. Here the tables hold boxes, and a box is emptied when its entry is taken.
 */
export class InFlight<Key, Value extends object> {
  readonly #boxes = new Map<Key, Box<Value>>();

  get size(): number {
    return this.#boxes.size;
  }

  has(key: Key): boolean {
    return this.#boxes.has(key);
  }

  get(key: Key): Value | undefined {
    return this.#boxes.get(key)?.value;
  }

  set(key: Key, value: Value): void {
    const box = this.#boxes.get(key);
    if (box) box.value = value;
    else this.#boxes.set(key, { value });
  }

  /** Takes an entry out; returns what it was. */
  take(key: Key): Value | undefined {
    const box = this.#boxes.get(key);
    if (!box) return undefined;
    this.#boxes.delete(key);
    const { value } = box;
    box.value = undefined;
    return value;
  }

  keys(): Iterable<Key> {
    return this.#boxes.keys();
  }

  *values(): Generator<Value> {
    for (const [, value] of this) yield value;
  }

  *[Symbol.iterator](): Generator<[Key, Value]> {
    for (const [key, { value }] of this.#boxes) if (value !== undefined) yield [key, value];
  }
}

type Box<Value> = { value: Value | undefined };
