/** What a sketch is saved as. Version 1: `counts[i]` values fell into bin `lowestBin + i`. */
export type SketchState = { readonly lowestBin: number; readonly counts: readonly number[] };

/** Quantiles are off by 2 % of the value at most. */
const relativeAccuracy = 0.02;
const gamma = (1 + relativeAccuracy) / (1 - relativeAccuracy);
const perLog = 1 / Math.log(gamma);
/** The middle of a bin, relative to its upper end, in the sense of the relative error. */
const middle = 2 / (1 + gamma);
/** 256 bins span a factor of 28,000: from 1 ms to 28 s, or from 100 ms to 46 min. */
const binsMax = 256;
/** Over so many values all counts are halved: the newest half weighs as much as all before it. */
const totalMax = 1024;
/** 2^53 falls into bin 918: nothing a double can count is beyond it. */
const valueMax = Number.MAX_SAFE_INTEGER;

/**
 * Quantiles of a stream of positive numbers in at most 512 bytes of counts, and off by 2 % at most.
 *
 * - A DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
 *   relative-error guarantees", VLDB 2019): bin i counts the values in (gamma^(i-1), gamma^i].
 * - Where the values span more than 256 bins the lowest are counted together: high quantiles stay
 *   exact, which is what is asked here.
 * - It forgets: at 1024 values every count is halved, without losing the tail.
 * - Values below 1 count as 1; those that are not finite or are negative are left out.
 *
 * Own code and not a package: those there are keep every value's weight for ever and save
 * themselves as protobuf with a runtime of their own.
 */
export class QuantileSketch {
  #counts: Uint16Array = new Uint16Array(0);
  #lowestBin = 0;
  #total = 0;

  /** How many values it holds, old ones by what is left of their weight. */
  get total(): number {
    return this.#total;
  }

  /** What the counts take. */
  get sizeBytes(): number {
    return this.#counts.byteLength;
  }

  /** Takes one value in; false where it was left out. */
  add(value: number): boolean {
    if (!(value >= 0) || value === Infinity) return false;
    const at = this.#positionOf(binOf(value));
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#total += 1;
    if (this.#total >= totalMax) this.#forgetHalf();
    return true;
  }

  /** The value of which a share of `ratio` (0 to 1) is not larger; undefined where it is empty. */
  quantile(ratio: number): number | undefined {
    if (this.#total === 0) return undefined;
    const rank = Math.max(1, Math.ceil(Math.min(1, Math.max(0, ratio)) * this.#total));
    let seen = 0;
    for (let at = 0; at < this.#counts.length; at += 1) {
      seen += this.#counts[at] as number;
      if (seen >= rank) return middle * gamma ** (this.#lowestBin + at);
    }
    return undefined;
  }

  /** As plain data. */
  state(): SketchState {
    return { lowestBin: this.#lowestBin, counts: [...this.#counts] };
  }

  /** The sketch of a state; an empty one where it makes no sense. */
  static of(state: SketchState | undefined): QuantileSketch {
    const sketch = new QuantileSketch();
    if (state === undefined || !isState(state)) return sketch;
    sketch.#lowestBin = state.lowestBin;
    sketch.#counts = Uint16Array.from(state.counts);
    sketch.#total = state.counts.reduce((total, count) => total + count, 0);
    return sketch;
  }

  /** Where `bin` is counted; room is made for it. */
  #positionOf(bin: number): number {
    const length = this.#counts.length;
    if (length === 0) {
      this.#resize(bin, bin);
      return bin - this.#lowestBin;
    }
    const highest = this.#lowestBin + length - 1;
    if (bin > highest) this.#resize(this.#lowestBin, bin);
    else if (bin < this.#lowestBin) this.#resize(bin, highest);
    return Math.max(0, bin - this.#lowestBin);
  }

  /** Room for `low` to `high`, in steps of eight bins; beyond 256 the lowest share one bin. */
  #resize(low: number, high: number): void {
    const top = high | 7;
    const lowest = Math.max(low & ~7, top - binsMax + 1);
    const next = new Uint16Array(top - lowest + 1);
    for (let at = 0; at < this.#counts.length; at += 1) {
      const to = Math.max(0, this.#lowestBin + at - lowest);
      next[to] = (next[to] as number) + (this.#counts[at] as number);
    }
    this.#counts = next;
    this.#lowestBin = lowest;
  }

  /** Halves the counts from the top, and hands each odd one down, so that no tail is lost. */
  #forgetHalf(): void {
    let carry = 0;
    let total = 0;
    for (let at = this.#counts.length - 1; at >= 0; at -= 1) {
      const count = (this.#counts[at] as number) + carry;
      carry = count & 1;
      const half = count >> 1;
      this.#counts[at] = half;
      total += half;
    }
    this.#total = total;
  }
}

const binOf = (value: number): number =>
  value <= 1 ? 0 : Math.ceil(Math.log(Math.min(value, valueMax)) * perLog);

const isState = ({ lowestBin, counts }: SketchState): boolean =>
  Number.isSafeInteger(lowestBin) &&
  lowestBin >= 0 &&
  lowestBin < 1024 &&
  Array.isArray(counts) &&
  counts.length <= binsMax &&
  counts.every((count) => Number.isInteger(count) && count >= 0 && count < totalMax) &&
  counts.reduce((total, count) => total + count, 0) < totalMax;
