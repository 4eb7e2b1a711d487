/** One measured duration. */
export type MeasuredDuration = { readonly durationMs: number; readonly atMs: number };

/** What the durations in a window come to; all 0 where it is empty. */
export type DurationSummary = {
  readonly samples: number;
  readonly durationMsMean: number;
  readonly durationMsP50: number;
  readonly durationMsP95: number;
};

const samplesMax = 100;
const ageMsMax = 600_000;

/**
 * The last 100 measured durations, none older than ten minutes: a backend that got faster is not
 * judged by its past.
 */
export class DurationWindow {
  readonly #measured: MeasuredDuration[] = [];

  /** Takes in one more; the oldest leaves a full window. */
  add(measured: MeasuredDuration): void {
    this.#measured.push(measured);
    if (this.#measured.length > samplesMax) this.#measured.shift();
  }

  /** Mean and quantiles (nearest rank) of what is in the window now. */
  summary(nowMs: number): DurationSummary {
    const durations = this.#measured
      .filter(({ atMs }) => nowMs - atMs <= ageMsMax)
      .map(({ durationMs }) => durationMs)
      .sort((a, b) => a - b);
    const samples = durations.length;
    if (samples === 0) return { samples, durationMsMean: 0, durationMsP50: 0, durationMsP95: 0 };
    const at = (ratio: number) => durations[Math.ceil(ratio * samples) - 1] ?? 0;
    const sum = durations.reduce((total, durationMs) => total + durationMs, 0);
    return {
      samples,
      durationMsMean: sum / samples,
      durationMsP50: at(0.5),
      durationMsP95: at(0.95),
    };
  }
}
