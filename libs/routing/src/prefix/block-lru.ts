/** Where a list ends: no node. */
const none = -1;
const firstNodes = 64;
/** Keys are hashes, but others may be counted up: a multiplication spreads those too. */
const spread = 0x9e3779b1;

/**
 * A set of block keys (numbers) with the time order of their last use: the one used longest ago
 * leaves a full set. Each key has a tag, a 32-bit integer that its owner gives a meaning.
 *
 * It lies in typed arrays, with no object for a key: 24 bytes for a block and two to four table
 * places of 4 bytes, 40 at most; the arrays double as the set grows to its limit. A look-up takes
 * a fifth of that in a Map of numbers, which counts at 16 backends and 65 blocks for each job.
 */
export class BlockLru {
  #capacityBlocks: number;
  #size = 0;
  #keys = new Float64Array(0);
  #tags = new Int32Array(0);
  #older = new Int32Array(0);
  /** The next newer node; of an unused node the next unused one. */
  #newer = new Int32Array(0);
  /** Node + 1 by hash of its key, linear probing; 0 = empty. At least half of it is empty. */
  #table = new Int32Array(0);
  #shift = 0;
  #oldest = none;
  #newest = none;
  #unused = none;

  /** `capacityBlocks`: at least 1. */
  constructor(capacityBlocks: number) {
    this.#capacityBlocks = capacityBlocks;
    this.#grow(Math.min(firstNodes, capacityBlocks));
  }

  /** How many keys there are. */
  get size(): number {
    return this.#size;
  }

  /** How many keys there may be. */
  get capacityBlocks(): number {
    return this.#capacityBlocks;
  }

  /** What the set occupies. */
  get sizeBytes(): number {
    return 20 * this.#keys.length + 4 * this.#table.length;
  }

  /** How many of the wanted keys are there, up to the first that is not. Counts as no use. */
  leading(wanted: ArrayLike<number>): number {
    // As in `#find`, with the fields read once for all keys.
    const [table, keys, shift] = [this.#table, this.#keys, this.#shift];
    const mask = table.length - 1;
    for (let count = 0; count < wanted.length; count += 1) {
      const key = wanted[count] as number;
      let at = Math.imul(key | 0, spread) >>> shift;
      let node = (table[at] as number) - 1;
      while (node !== none && keys[node] !== key) {
        at = (at + 1) & mask;
        node = (table[at] as number) - 1;
      }
      if (node === none) return count;
    }
    return wanted.length;
  }

  /** The tag of `key`, or undefined where it is not there. Counts as no use. */
  tagOf(key: number): number | undefined {
    const node = this.#find(key);
    return node === none ? undefined : this.#tags[node];
  }

  /** Makes `key` the newest, there or not. */
  use(key: number, tag: number): void {
    let node = this.#find(key);
    if (node === this.#newest && node !== none) {
      this.#tags[node] = tag;
      return;
    }
    if (node === none) node = this.#insert(key);
    else this.#unlink(node);
    this.#tags[node] = tag;
    this.#older[node] = this.#newest;
    this.#newer[node] = none;
    if (this.#newest === none) this.#oldest = node;
    else this.#newer[this.#newest] = node;
    this.#newest = node;
  }

  /** Takes `key` out. */
  delete(key: number): void {
    const node = this.#find(key);
    if (node !== none) this.#remove(node);
  }

  /** Takes out every key with this tag. */
  deleteTagged(tag: number): void {
    for (let node = this.#oldest; node !== none; ) {
      const next = this.#newer[node] as number;
      if (this.#tags[node] === tag) this.#remove(node);
      node = next;
    }
  }

  /** Takes out every key. */
  clear(): void {
    while (this.#oldest !== none) this.#remove(this.#oldest);
  }

  /** From now on at most so many keys (at least 1); those used longest ago leave. */
  resize(capacityBlocks: number): void {
    this.#capacityBlocks = capacityBlocks;
    while (this.#size > capacityBlocks) this.#remove(this.#oldest);
  }

  /** Every key, the one used longest ago first. */
  *keys(): Iterable<number> {
    for (let node = this.#oldest; node !== none; node = this.#newer[node] as number) {
      yield this.#keys[node] as number;
    }
  }

  /** The `count` newest keys and their tags, the one used longest ago first. */
  newest(count: number): { readonly keys: Float64Array; readonly tags: Int32Array } {
    const kept = Math.min(count, this.#size);
    const keys = new Float64Array(kept);
    const tags = new Int32Array(kept);
    let node = this.#newest;
    for (let at = kept - 1; at >= 0; at -= 1) {
      keys[at] = this.#keys[node] as number;
      tags[at] = this.#tags[node] as number;
      node = this.#older[node] as number;
    }
    return { keys, tags };
  }

  /** The place of the table from which a key is looked for. */
  #home(key: number): number {
    return Math.imul(key | 0, spread) >>> this.#shift;
  }

  #find(key: number): number {
    const table = this.#table;
    const keys = this.#keys;
    const mask = table.length - 1;
    for (let at = this.#home(key); ; at = (at + 1) & mask) {
      const node = (table[at] as number) - 1;
      if (node === none || keys[node] === key) return node;
    }
  }

  #insert(key: number): number {
    if (this.#size >= this.#capacityBlocks) this.#remove(this.#oldest);
    if (this.#unused === none) {
      this.#grow(Math.min(2 * this.#keys.length, this.#capacityBlocks));
    }
    const node = this.#unused;
    this.#unused = this.#newer[node] as number;
    this.#keys[node] = key;
    this.#size += 1;
    this.#enter(node);
    return node;
  }

  /** Writes the node into the table. */
  #enter(node: number): void {
    const mask = this.#table.length - 1;
    let at = this.#home(this.#keys[node] as number);
    while (this.#table[at] !== 0) at = (at + 1) & mask;
    this.#table[at] = node + 1;
  }

  #unlink(node: number): void {
    const older = this.#older[node] as number;
    const newer = this.#newer[node] as number;
    if (older === none) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === none) this.#newest = older;
    else this.#older[newer] = older;
  }

  #remove(node: number): void {
    this.#unlink(node);
    this.#vacate(node);
    this.#newer[node] = this.#unused;
    this.#unused = node;
    this.#size -= 1;
  }

  /** Takes the node out of the table, and moves up those that were only pushed on by it. */
  #vacate(node: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = this.#home(this.#keys[node] as number);
    while (table[hole] !== node + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(this.#keys[(table[at] as number) - 1] as number);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[hole] = table[at] as number;
      hole = at;
    }
    table[hole] = 0;
  }

  /** More nodes, the new ones unused. */
  #grow(nodes: number): void {
    const before = this.#keys.length;
    this.#keys = withRoom(this.#keys, new Float64Array(nodes));
    this.#tags = withRoom(this.#tags, new Int32Array(nodes));
    this.#older = withRoom(this.#older, new Int32Array(nodes));
    this.#newer = withRoom(this.#newer, new Int32Array(nodes));
    for (let node = nodes - 1; node >= before; node -= 1) {
      this.#newer[node] = this.#unused;
      this.#unused = node;
    }
    const bits = Math.ceil(Math.log2(2 * nodes));
    this.#shift = 32 - bits;
    this.#table = new Int32Array(2 ** bits);
    for (let node = this.#oldest; node !== none; node = this.#newer[node] as number) {
      this.#enter(node);
    }
  }
}

function withRoom<Numbers extends Float64Array | Int32Array>(old: Numbers, more: Numbers): Numbers {
  more.set(old);
  return more;
}
