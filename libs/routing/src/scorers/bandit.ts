import type { BackendRow } from '../backend-row.js';
import { expectedDurationMs } from '../expected-duration.js';
import type { Arm } from '../job-facts.js';
import type { ScoredSet, Scorer } from '../scorer.js';
import { randomAt, seedOf } from '../seed.js';

/** An arm of which nothing is known: it may be anything. */
const unseen: Arm = { samples: 0, rewardMean: 0.5, rewardVariance: 0.09 };
/** Backends that would be late share this much of the scale, below all that are in time. */
const lateShare = 0.1;
/** Below so many durations nobody can say that a backend will be in time. */
const durationsMin = 10;

/**
 * Thompson sampling: each backend is rated by a reward drawn from what was learned of it for jobs
 * like this one, so that it is chosen as often as it is likely to be the best.
 *
 * - The draw comes from the job, its attempt and the backend: the same decision, the same draw.
 * - Never at the cost of a deadline: a backend that might miss it (by its 95th percentile, or of
 *   which too little is known) is not drawn for. It is rated by its mean, below all that are in
 *   time, and so is chosen only where no other is left.
 */
export const bandit: Scorer = {
  name: 'bandit',
  score: (set) => {
    const { id, attemptNo } = set.job;
    const seed = seedOf(id, attemptNo);
    return set.rows.map((row) => {
      const found = set.facts.learned.arms[row.id];
      // What a prototype holds has no samples.
      const arm = found?.samples === undefined ? unseen : found;
      if (mayMiss(row, arm, set)) return lateShare * within(arm.rewardMean);
      return lateShare + (1 - lateShare) * within(drawn(arm, seedOf(row.id, seed)));
    });
  },
};

/** A reward that this arm may well have: drawn from a normal distribution about its mean. */
function drawn({ samples, rewardMean, rewardVariance }: Arm, seed: number): number {
  // Box and Muller's way; 1 - x is never 0, so the logarithm is finite.
  const radius = Math.sqrt(-2 * Math.log(1 - randomAt(seed, 0)));
  const normal = radius * Math.cos(2 * Math.PI * randomAt(seed, 1));
  return rewardMean + normal * Math.sqrt(Math.max(0, rewardVariance) / (samples + 1));
}

const within = (reward: number): number => Math.min(1, Math.max(0, reward));

function mayMiss(row: BackendRow, { durationMsP95 }: Arm, { job, nowMs }: ScoredSet): boolean {
  if (job.deadlineAtMs === undefined) return false;
  const meanMs = expectedDurationMs(row);
  const isKnown = durationMsP95 !== undefined || row.durationSamples >= durationsMin;
  const longMs = durationMsP95 ?? meanMs + 2 * row.stats.stddevMs;
  const waitMs = ((row.waiting ?? 0) / Math.max(1, row.slots)) * meanMs;
  return !isKnown || !(nowMs + waitMs + longMs <= job.deadlineAtMs);
}
