/**
 * The mean over time of the largest outstanding work of a backend over the mean of all: 1 where all
 * have the same. Time in which nobody has any work is left out.
 */
export class Imbalance {
  readonly #workMs: Float64Array;
  #sumMs = 0;
  #atMs = 0;
  #elapsedMs = 0;
  #integral = 0;
  #largestMs = 0;

  constructor(backends: number) {
    this.#workMs = new Float64Array(backends);
  }

  /** The mean so far. */
  get mean(): number {
    return this.#elapsedMs > 0 ? this.#integral / this.#elapsedMs : 1;
  }

  /** The outstanding work of the backend `at` grows, or shrinks, by `changeMs` at `nowMs`. */
  change(at: number, changeMs: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs > 0) {
      const mean = this.#sumMs / this.#workMs.length;
      if (mean > 1e-6) {
        this.#integral += (this.#largestMs / mean) * elapsedMs;
        this.#elapsedMs += elapsedMs;
      }
      this.#atMs = nowMs;
    }
    const before = this.#workMs[at] as number;
    const after = Math.max(0, before + changeMs);
    this.#workMs[at] = after;
    this.#sumMs = Math.max(0, this.#sumMs + after - before);
    if (after >= this.#largestMs) this.#largestMs = after;
    else if (before === this.#largestMs) this.#largestMs = largestOf(this.#workMs);
  }
}

function largestOf(all: Float64Array): number {
  let largest = 0;
  for (let at = 0; at < all.length; at += 1) {
    if ((all[at] as number) > largest) largest = all[at] as number;
  }
  return largest;
}
