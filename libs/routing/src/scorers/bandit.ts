import type { BackendRow } from '../backend-row.js';
import { speedOf } from '../backend-stats.js';
import { doneTimesMs } from '../done-times.js';
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

/** What ln(duration) varies by from one job to the next, where the speed was measured. */
const measuredVariance = 0.01;

/**
 * Thompson sampling: each backend is rated by a reward drawn from what was learned of it for jobs
 * like this one, so that it is chosen as often as it is likely to be the best.
 *
 * - The reward is that of the whole time until the job is done (done-times.ts): 0.5 for the
 *   shortest, 0.2 for four times that.
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
    const timesMs = doneTimesMs(set);
    const bestMs = Math.min(...timesMs);
    return set.rows.map((row, at) => {
      const found = set.facts.learned.arms[row.id];
      // What a prototype holds has no samples.
      const learned = found?.samples === undefined ? unseen : found;
      const arm = timedArm(learned, {
        row,
        model: set.job.model,
        bestMs,
        timeMs: timesMs[at] as number,
      });
      if (mayMiss(row, arm, set)) return lateShare * within(arm.rewardMean);
      return lateShare + (1 - lateShare) * within(drawn(arm, seedOf(row.id, seed)));
    });
  },
};

/** The time at which an arm's reward is looked at. */
type TimedRow = {
  readonly row: BackendRow;
  readonly model: string;
  readonly timeMs: number;
  readonly bestMs: number;
};

/** The arm with the reward of this time; as it was learned where it knows of no times. */
function timedArm(arm: Arm, { row, model, timeMs, bestMs }: TimedRow): Arm {
  const { durationMs, faultRatio = 0, faultMs = 0, samples } = arm;
  if (durationMs === undefined) return arm;
  const rewardMean = bestMs / Math.max(1e-3, bestMs + timeMs);
  const { samples: timed, decodeTokensPerSec } = speedOf(row.stats, model);
  let variance = relativeVariance(arm);
  if (timed > 0 && decodeTokensPerSec > 0) {
    const stretch = (faultMs + bestMs) / Math.max(1, timeMs);
    const faultVariance = (faultRatio * (1 - faultRatio)) / (samples + 5);
    variance = measuredVariance / (samples + 1) + stretch ** 2 * faultVariance;
  }
  const rewardVariance = (rewardMean * (1 - rewardMean)) ** 2 * variance * (samples + 1);
  return { ...arm, rewardMean, rewardVariance };
}

/** How unsure the learner is of ln(time), from how unsure it is of the reward. */
function relativeVariance({ samples, rewardMean, rewardVariance }: Arm): number {
  const slope = rewardMean * (1 - rewardMean);
  return slope > 0 ? Math.max(0, rewardVariance) / (samples + 1) / slope ** 2 : 0;
}

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
