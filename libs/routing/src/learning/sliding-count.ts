/** What a sliding count is saved as: counts by step, the newest step last. */
export type SlidingCountState = { readonly newestStep: number; readonly counts: readonly number[] };

const steps = 60;

/**
 * How often something happened in the last `windowMs`, to a sixtieth of it, in 60 counters.
 *
 * - The window slides: an event leaves it between 1 and 1 1/60 windows after it came.
 * - A clock that goes backwards counts into the newest step: nothing is lost or counted twice.
 */
export class SlidingCount {
  readonly #stepMs: number;
  readonly #counts = new Uint32Array(steps);
  #newestStep = 0;
  #total = 0;

  constructor(windowMs: number) {
    this.#stepMs = windowMs / steps;
  }

  /** One more at `atMs`. */
  add(atMs: number): void {
    this.#moveTo(atMs);
    const at = this.#newestStep % steps;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#total += 1;
  }

  /** How many there are in the window that ends at `nowMs`. */
  count(nowMs: number): number {
    this.#moveTo(nowMs);
    return this.#total;
  }

  /** As plain data. */
  state(): SlidingCountState {
    const counts = Array.from({ length: steps }, (_, back) => {
      const step = this.#newestStep - steps + 1 + back;
      return step < 0 ? 0 : (this.#counts[step % steps] as number);
    });
    return { newestStep: this.#newestStep, counts };
  }

  /** Takes over a state; one that makes no sense is left. */
  restore({ newestStep, counts }: SlidingCountState): void {
    if (!Number.isSafeInteger(newestStep) || newestStep < 0 || counts.length !== steps) return;
    if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return;
    this.#newestStep = newestStep;
    this.#counts.fill(0);
    this.#total = 0;
    for (let back = 0; back < steps; back += 1) {
      const step = newestStep - steps + 1 + back;
      if (step < 0) continue;
      this.#counts[step % steps] = counts[back] as number;
      this.#total += counts[back] as number;
    }
  }

  /** Empties the steps between the newest and the one of `atMs`. */
  #moveTo(atMs: number): void {
    const step = Math.floor(atMs / this.#stepMs);
    if (!(step > this.#newestStep)) return;
    const passed = Math.min(steps, step - this.#newestStep);
    for (let count = 1; count <= passed; count += 1) {
      const at = (step - passed + count) % steps;
      this.#total -= this.#counts[at] as number;
      this.#counts[at] = 0;
    }
    this.#newestStep = step;
  }
}
