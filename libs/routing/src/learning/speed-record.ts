import { type ModelSpeed, unknownSpeed } from '../backend-stats.js';
import { type Average, averaged, noAverage } from './ema.js';
import type { Observation } from './observation.js';

/** What a speed record is saved as. */
export type SpeedRecordState = {
  readonly prefillMsPerToken: Average;
  readonly ttftMs: Average;
  readonly decodeTokensPerSec: Average;
  readonly loadMs: Average;
  readonly samples: number;
};

/** A cached prompt token costs 0.3 of one that is not, where only the first token was timed. */
const cachedShare = 0.7;

/** How fast one backend runs one model: moving averages over its successful attempts. */
export class SpeedRecord {
  #state: SpeedRecordState = {
    prefillMsPerToken: noAverage,
    ttftMs: noAverage,
    decodeTokensPerSec: noAverage,
    loadMs: noAverage,
    samples: 0,
  };

  /** Takes in a successful attempt; `alpha` is the share of the newest. */
  add(one: Observation, alpha: number): void {
    const before = this.#state;
    const ttftMs = ttftOf(one);
    this.#state = {
      prefillMsPerToken: averaged(
        before.prefillMsPerToken,
        prefillMsPerTokenOf(one, ttftMs),
        alpha,
      ),
      ttftMs: averaged(before.ttftMs, ttftMs, alpha),
      decodeTokensPerSec: averaged(before.decodeTokensPerSec, decodeTokensPerSecOf(one), alpha),
      loadMs: averaged(before.loadMs, one.loadMs ?? Number.NaN, alpha),
      samples: before.samples + 1,
    };
  }

  /** As a decision reads it. */
  speed(): ModelSpeed {
    const { prefillMsPerToken, ttftMs, decodeTokensPerSec, loadMs, samples } = this.#state;
    return {
      ...unknownSpeed,
      prefillMsPerToken: prefillMsPerToken.samples === 0 ? 1 : prefillMsPerToken.mean,
      ttftMs: ttftMs.mean,
      decodeTokensPerSec: decodeTokensPerSec.mean,
      loadMs: loadMs.mean,
      // Without a first token that was timed there is nothing that a strategy could read.
      samples: ttftMs.samples === 0 ? 0 : samples,
    };
  }

  /** As plain data. */
  state(): SpeedRecordState {
    return this.#state;
  }

  /** Takes over a state. */
  restore(state: SpeedRecordState): void {
    this.#state = state;
  }
}

/** Without the time the model took to load; NaN where it was not timed. */
function ttftOf({ ttftMs, loadMs }: Observation): number {
  if (ttftMs === undefined) return Number.NaN;
  return Math.max(0, ttftMs - (loadMs ?? 0));
}

/** NaN where nothing was timed, or the whole prompt was in the cache. */
function prefillMsPerTokenOf(one: Observation, ttftMs: number): number {
  const { inputTokens = 0, hitTokens = 0, prefillMs } = one;
  const tokens = inputTokens - (prefillMs === undefined ? cachedShare : 1) * hitTokens;
  return tokens > 0 ? (prefillMs ?? ttftMs) / tokens : Number.NaN;
}

/** NaN where the answer was not streamed, or had one token. */
function decodeTokensPerSecOf({ outputTokens = 0, ttftMs, durationMs }: Observation): number {
  if (ttftMs === undefined || !(durationMs > ttftMs) || outputTokens < 2) return Number.NaN;
  return ((outputTokens - 1) * 1000) / (durationMs - ttftMs);
}
