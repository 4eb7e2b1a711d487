import type { Scorer } from '../scorer.js';

/**
 * Shorter durations count as this: below it, a difference says nothing, and the logarithm runs
 * away.
 */
const shortestMs = 100;

/**
 * Rates by the logarithm of the expected duration: the fastest of the set gets 1, the slowest 0;
 * all alike, 1.
 */
export const speed: Scorer = {
  name: 'speed',
  score: ({ durationsMs }) => {
    const scores = new Array<number>(durationsMs.length);
    let slowestMs = 0;
    let fastestMs = Infinity;
    for (let at = 0; at < scores.length; at += 1) {
      const durationMs = Math.max(shortestMs, durationsMs[at] as number);
      if (durationMs > slowestMs) slowestMs = durationMs;
      if (durationMs < fastestMs) fastestMs = durationMs;
      scores[at] = durationMs;
    }
    const span = Math.log(slowestMs / fastestMs);
    for (let at = 0; at < scores.length; at += 1) {
      const durationMs = scores[at] as number;
      scores[at] =
        slowestMs === fastestMs ? 1 : Math.min(1, Math.log(slowestMs / durationMs) / span);
    }
    return scores;
  },
};
