/** A look that comes this much late: the process stood still. */
const lateMsMin = 3_000;

/**
 * Sees for how long this process could hear nobody: it stood still, or had no connection. Those it
 * did not hear meanwhile have not been silent.
 */
export class Deafness {
  readonly #everyMs: number;
  #lookedAtMs: number;

  /** `everyMs`: how often it is going to look; `nowMs`: of a clock that is never put forward. */
  constructor(everyMs: number, nowMs: number) {
    this.#everyMs = everyMs;
    this.#lookedAtMs = nowMs;
  }

  /** For how long nobody could be heard since the last look, in milliseconds. */
  look(nowMs: number, isConnected: boolean): number {
    const sinceMs = nowMs - this.#lookedAtMs;
    this.#lookedAtMs = nowMs;
    if (!isConnected) return sinceMs;
    const lateMs = sinceMs - this.#everyMs;
    return lateMs >= lateMsMin ? lateMs : 0;
  }
}
