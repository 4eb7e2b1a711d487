/** What a ring is saved as: [duration, instant] in milliseconds, the oldest first. */
export type DurationRingState = readonly (readonly [durationMs: number, atMs: number])[];

const samplesMax = 100;

/** What the durations of a window come to; 0 where there are none. */
export type DurationSummary = {
  readonly samples: number;
  readonly meanMs: number;
  readonly stddevMs: number;
};

/** The last 100 durations and when they were measured, in 1.6 kB. */
export class DurationRing {
  readonly #durationsMs = new Float64Array(samplesMax);
  readonly #atMs = new Float64Array(samplesMax);
  #next = 0;
  #samples = 0;

  /** Takes one more in; the oldest leaves a full ring. */
  add(durationMs: number, atMs: number): void {
    if (!Number.isFinite(durationMs) || durationMs < 0) return;
    // A zero that is negative would be another one after a trip through JSON.
    this.#durationsMs[this.#next] = durationMs + 0;
    this.#atMs[this.#next] = atMs;
    this.#next = (this.#next + 1) % samplesMax;
    if (this.#samples < samplesMax) this.#samples += 1;
  }

  /** Mean and spread of those measured at `sinceMs` or later. */
  summary(sinceMs: number): DurationSummary {
    let samples = 0;
    let meanMs = 0;
    let squares = 0;
    for (let at = 0; at < this.#samples; at += 1) {
      if ((this.#atMs[at] as number) < sinceMs) continue;
      // Welford's way: no difference of large squares.
      samples += 1;
      const delta = (this.#durationsMs[at] as number) - meanMs;
      meanMs += delta / samples;
      squares += delta * ((this.#durationsMs[at] as number) - meanMs);
    }
    return { samples, meanMs, stddevMs: samples < 2 ? 0 : Math.sqrt(squares / (samples - 1)) };
  }

  /** As plain data. */
  state(): DurationRingState {
    return Array.from({ length: this.#samples }, (_, age) => {
      const at = (this.#next - this.#samples + age + samplesMax) % samplesMax;
      return [this.#durationsMs[at] as number, this.#atMs[at] as number] as const;
    });
  }

  /** Takes over a state: its last 100. */
  restore(state: DurationRingState): void {
    for (const [durationMs, atMs] of state.slice(-samplesMax)) this.add(durationMs, atMs);
  }
}
