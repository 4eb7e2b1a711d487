import type { BackendStats } from '../backend-stats.js';
import { DurationRing, type DurationRingState } from './duration-ring.js';
import { type Average, moved, noAverage } from './ema.js';
import { SlidingCount, type SlidingCountState } from './sliding-count.js';

/** The part of a backend's stats that its own ended attempts tell. */
export type WindowStats = Pick<
  BackendStats,
  | 'ewmaMs'
  | 'stddevMs'
  | 'recentSamples'
  | 'errorRatio'
  | 'requestsLastMinute'
  | 'failuresLast5Min'
  | 'consecutiveFailures'
>;

/** What a window is saved as. */
export type BackendWindowState = {
  readonly durations: DurationRingState;
  readonly ended: SlidingCountState;
  readonly successes: SlidingCountState;
  readonly failures: SlidingCountState;
  readonly ewma: Average;
  readonly consecutiveFailures: number;
};

const minuteMs = 60_000;
/** The performance window. */
const performanceMs = 300_000;
const ewmaAlpha = 0.2;

/**
 * How one backend did of late: its last 100 durations, failures in 5 minutes, attempts in one
 * minute. About 3 kB, however many attempts there are.
 */
export class BackendWindow {
  readonly #durations = new DurationRing();
  readonly #ended = new SlidingCount(minuteMs);
  readonly #successes = new SlidingCount(performanceMs);
  readonly #failures = new SlidingCount(performanceMs);
  #ewma: Average = noAverage;
  #consecutiveFailures = 0;

  /** An attempt succeeded. */
  succeeded(durationMs: number, atMs: number): void {
    this.#ended.add(atMs);
    this.#successes.add(atMs);
    this.#durations.add(durationMs, atMs);
    this.#ewma = moved(this.#ewma, durationMs, ewmaAlpha);
    this.#consecutiveFailures = 0;
  }

  /** An attempt failed, and the backend is to blame. */
  failed(atMs: number): void {
    this.#ended.add(atMs);
    this.#failures.add(atMs);
    this.#consecutiveFailures += 1;
  }

  /** An attempt ended in a way that says nothing of the backend. */
  ended(atMs: number): void {
    this.#ended.add(atMs);
  }

  /** What it comes to at `nowMs`. */
  stats(nowMs: number): WindowStats {
    const failures = this.#failures.count(nowMs);
    const all = failures + this.#successes.count(nowMs);
    const recent = this.#durations.summary(nowMs - performanceMs);
    return {
      ewmaMs: this.#ewma.mean,
      stddevMs: recent.stddevMs,
      recentSamples: recent.samples,
      errorRatio: all === 0 ? 0 : failures / all,
      requestsLastMinute: this.#ended.count(nowMs),
      failuresLast5Min: failures,
      consecutiveFailures: this.#consecutiveFailures,
    };
  }

  /** Mean of the last 100 durations and their number, as a row has them. */
  durations(): { readonly durationMsMean: number; readonly durationSamples: number } {
    const { meanMs, samples } = this.#durations.summary(-Infinity);
    return { durationMsMean: meanMs, durationSamples: samples };
  }

  /** As plain data. */
  state(): BackendWindowState {
    return {
      durations: this.#durations.state(),
      ended: this.#ended.state(),
      successes: this.#successes.state(),
      failures: this.#failures.state(),
      ewma: this.#ewma,
      consecutiveFailures: this.#consecutiveFailures,
    };
  }

  /** Takes over a state. */
  restore(state: BackendWindowState): void {
    this.#durations.restore(state.durations);
    this.#ended.restore(state.ended);
    this.#successes.restore(state.successes);
    this.#failures.restore(state.failures);
    this.#ewma = state.ewma;
    this.#consecutiveFailures = state.consecutiveFailures;
  }
}
