/** Of 32 bits with a sign, so that they need no conversion in the loop. */
const primes = {
  a: 0x9e3779b1 | 0,
  b: 0x85ebca77 | 0,
  c: 0xc2b2ae3d | 0,
  d: 0x27d4eb2f | 0,
} as const;

/** Words (32 bits) of one block: `count` of them from `from`. */
export type BlockWords = {
  readonly words: Int32Array;
  readonly from: number;
  readonly count: number;
};

/**
 * The chain of block hashes of one prompt: each key depends on the model, on every block before and
 * on the block itself.
 *
 * - 64 bits are carried on, 53 of them are the key, so that it is a whole number.
 * - Two prompts with equal keys but other texts cost a wrong estimate, never a wrong answer. At a
 *   million blocks the chance that there is such a pair is below 1 in 10,000; blocks that differ in
 *   one word always have other 64 bits.
 * - Not for secrets: who knows the function can make collisions.
 */
export class BlockHash {
  #high: number;
  #low: number;

  constructor(model: string) {
    let high = 0x811c9dc5;
    let low = 0x2f0b4c47;
    for (let at = 0; at < model.length; at += 1) {
      const code = model.charCodeAt(at);
      high = Math.imul(high ^ code, 0x01000193);
      low = Math.imul(low ^ code, primes.a);
    }
    this.#high = mixed(high);
    this.#low = mixed(low ^ model.length);
  }

  /** The key of the next block. */
  next({ words, from, count }: BlockWords): number {
    // Four lanes, because one multiplication must not wait for the one before it. They begin apart
    // and share one prime: it stays in a register, which makes the whole a sixth faster.
    const prime = primes.a;
    let a = this.#high ^ primes.a;
    let b = this.#low ^ primes.b;
    let c = (this.#high + primes.c) ^ count;
    let d = (this.#low + primes.d) | 0;
    const end = from + count;
    let at = from;
    for (; at + 3 < end; at += 4) {
      a = Math.imul(((a << 13) | (a >>> 19)) ^ (words[at] as number), prime);
      b = Math.imul(((b << 13) | (b >>> 19)) ^ (words[at + 1] as number), prime);
      c = Math.imul(((c << 13) | (c >>> 19)) ^ (words[at + 2] as number), prime);
      d = Math.imul(((d << 13) | (d >>> 19)) ^ (words[at + 3] as number), prime);
    }
    for (; at < end; at += 1) {
      a = Math.imul(((a << 13) | (a >>> 19)) ^ (words[at] as number), prime);
    }
    const high = mixed(a + Math.imul(c, primes.b));
    const low = mixed(b + Math.imul(d, primes.a));
    this.#high = mixed(high + low);
    this.#low = mixed(low + Math.imul(this.#high, primes.c));
    return (this.#high >>> 11) * 0x1_0000_0000 + (this.#low >>> 0);
  }
}

/** The finalizer of MurmurHash3: each bit of the input moves about half of the output. */
function mixed(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
