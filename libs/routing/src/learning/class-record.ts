import { type Average, averaged, noAverage } from './ema.js';
import { QuantileSketch, type SketchState } from './quantile-sketch.js';

/** What a class record is saved as. */
export type ClassRecordState = {
  readonly durationMs: Average;
  readonly ttftMs: Average;
  readonly durations: SketchState;
  readonly ttfts: SketchState;
};

/** What is known of jobs of one class at one backend with one model. */
export type ClassSummary = {
  readonly samples: number;
  readonly durationMsMean: number;
  readonly durationMsP50: number;
  readonly durationMsP95: number;
  /** 0 where no first token was timed. */
  readonly ttftMsMean: number;
  readonly ttftMsP95: number;
};

/** Moving averages and quantiles of one (backend, model, job class): 1.1 kB of counts at most. */
export class ClassRecord {
  #durationMs: Average = noAverage;
  #ttftMs: Average = noAverage;
  #durations = new QuantileSketch();
  #ttfts = new QuantileSketch();

  /** Takes in a successful attempt; `alpha` is the share of the newest. */
  add(durationMs: number, ttftMs: number | undefined, alpha: number): void {
    if (this.#durations.add(durationMs)) {
      this.#durationMs = averaged(this.#durationMs, durationMs, alpha);
    }
    if (ttftMs !== undefined && this.#ttfts.add(ttftMs)) {
      this.#ttftMs = averaged(this.#ttftMs, ttftMs, alpha);
    }
  }

  /** What it comes to; undefined where nothing was seen. */
  summary(): ClassSummary | undefined {
    if (this.#durationMs.samples === 0) return undefined;
    return {
      samples: this.#durationMs.samples,
      durationMsMean: this.#durationMs.mean,
      durationMsP50: this.#durations.quantile(0.5) ?? 0,
      durationMsP95: this.#durations.quantile(0.95) ?? 0,
      ttftMsMean: this.#ttftMs.mean,
      ttftMsP95: this.#ttfts.quantile(0.95) ?? 0,
    };
  }

  /** The duration that 95 of 100 do not exceed; undefined below `samplesMin` samples. */
  durationMsP95(samplesMin: number): number | undefined {
    return this.#durations.total < samplesMin ? undefined : this.#durations.quantile(0.95);
  }

  /** What the counts take. */
  get sizeBytes(): number {
    return this.#durations.sizeBytes + this.#ttfts.sizeBytes;
  }

  /** As plain data. */
  state(): ClassRecordState {
    return {
      durationMs: this.#durationMs,
      ttftMs: this.#ttftMs,
      durations: this.#durations.state(),
      ttfts: this.#ttfts.state(),
    };
  }

  /** Takes over a state. */
  restore({ durationMs, ttftMs, durations, ttfts }: ClassRecordState): void {
    this.#durationMs = durationMs;
    this.#ttftMs = ttftMs;
    this.#durations = QuantileSketch.of(durations);
    this.#ttfts = QuantileSketch.of(ttfts);
  }
}
