import { type ModelSpeed, unknownSpeed } from '../backend-stats.js';
import { type Average, averaged, noAverage } from './ema.js';
import type { Observation } from './observation.js';

/** What a speed record is saved as. */
export type SpeedRecordState = {
  readonly prefillMsPerToken: Average;
  /** Tokens of a prompt that were not in the cache; not in states of before November 2026. */
  readonly prefillTokens?: Average;
  readonly ttftMs: Average;
  readonly decodeTokensPerSec: Average;
  /** What answers took after their first token; not in states of before November 2026. */
  readonly decodeMs?: Average;
  readonly loadMs: Average;
  readonly samples: number;
};

/** A cached prompt token costs 0.3 of one that is not, where only the first token was timed. */
const cachedShare = 0.7;

/** How fast one backend runs one model: moving averages over its successful attempts. */
export class SpeedRecord {
  #state: SpeedRecordState = {
    prefillMsPerToken: noAverage,
    prefillTokens: noAverage,
    ttftMs: noAverage,
    decodeTokensPerSec: noAverage,
    decodeMs: noAverage,
    loadMs: noAverage,
    samples: 0,
  };

  /** Takes in a successful attempt; `alpha` is the share of the newest. */
  add(one: Observation, alpha: number): void {
    const before = this.#state;
    const ttftMs = ttftOf(one);
    this.#state = {
      ...prefillAfter(before, { ms: one.prefillMs ?? ttftMs, tokens: uncachedOf(one) }, alpha),
      ttftMs: averaged(before.ttftMs, ttftMs, alpha),
      ...decodeAfter(before, one, alpha),
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

/** Of a cached token only a part counts, where only the first token was timed. */
const uncachedOf = ({ inputTokens = 0, hitTokens = 0, prefillMs }: Observation): number =>
  inputTokens - (prefillMs === undefined ? cachedShare : 1) * hitTokens;

/**
 * The mean time of a prompt over its mean tokens, so that a long prompt counts for what it is: a
 * short one takes mostly what any prompt takes, and says little of the time for a token.
 *
 * What was not timed, and a prompt that was all in the cache, change nothing.
 */
function prefillAfter(
  { prefillMsPerToken, prefillTokens = noAverage }: SpeedRecordState,
  { ms, tokens }: { readonly ms: number; readonly tokens: number },
  alpha: number,
): Required<Pick<SpeedRecordState, 'prefillMsPerToken' | 'prefillTokens'>> {
  if (!Number.isFinite(ms) || !(tokens > 0)) return { prefillMsPerToken, prefillTokens };
  const { rate, size } = rateAfter(prefillMsPerToken, prefillTokens, {
    value: ms / tokens,
    size: tokens,
    alpha,
  });
  return { prefillMsPerToken: rate, prefillTokens: size };
}

/**
 * The mean tokens of an answer over their mean time. An answer that was not streamed, or had one
 * token, changes nothing.
 */
function decodeAfter(
  { decodeTokensPerSec, decodeMs = noAverage }: SpeedRecordState,
  { outputTokens = 0, ttftMs, durationMs }: Observation,
  alpha: number,
): Required<Pick<SpeedRecordState, 'decodeTokensPerSec' | 'decodeMs'>> {
  if (ttftMs === undefined || !(durationMs > ttftMs) || outputTokens < 2) {
    return { decodeTokensPerSec, decodeMs };
  }
  const ms = durationMs - ttftMs;
  const value = ((outputTokens - 1) * 1000) / ms;
  const { rate, size } = rateAfter(decodeTokensPerSec, decodeMs, { value, size: ms, alpha });
  return { decodeTokensPerSec: rate, decodeMs: size };
}

/** The moving average of a rate: each value counts as much as what it was measured over. */
function rateAfter(
  rate: Average,
  size: Average,
  one: { readonly value: number; readonly size: number; readonly alpha: number },
): { readonly rate: Average; readonly size: Average } {
  const after = averaged(size, one.size, one.alpha);
  const samples = rate.samples + 1;
  const share = Math.min(1, (Math.max(one.alpha, 1 / samples) * one.size) / after.mean);
  return { rate: { mean: rate.mean + share * (one.value - rate.mean), samples }, size: after };
}
