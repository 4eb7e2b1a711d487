import type { BackendRow } from './backend-row.js';
import { speedOf } from './backend-stats.js';
import { expectedDurationMs } from './expected-duration.js';
import { expectedTtftMs } from './expected-times.js';
import type { Arm } from './job-facts.js';
import type { ScoredSet } from './scorer.js';

/** An attempt that failed is tried again elsewhere after this long at least. */
const retryDelayMs = 1000;

/**
 * How long it takes at each backend of the set until this job is done: by its measured speed and
 * the work before it, and with what a fault costs, as often as one is to be expected.
 *
 * A fault costs its own time, the wait before the next attempt, and that attempt: at the backend
 * that would be done soonest of the others, its own faults counted.
 */
export function doneTimesMs(set: ScoredSet): number[] {
  const tries = set.rows.map((row): Try => {
    const arm = armOf(row, set);
    const faultRatio = Math.min(0.99, Math.max(0, arm?.faultRatio ?? 0));
    const lossMs = Math.max(0, arm?.faultMs ?? 0) + retryDelayMs;
    return { ownMs: successMs(row, set), faultRatio, lossMs };
  });
  const stubbornMs = tries.map(untilItSucceeds);
  const [soonestMs, secondMs] = twoLeast(stubbornMs);
  return tries.map(({ ownMs, faultRatio, lossMs }, at) => {
    const elsewhereMs = stubbornMs[at] === soonestMs ? secondMs : soonestMs;
    return (1 - faultRatio) * ownMs + faultRatio * (lossMs + elsewhereMs);
  });
}

/** One attempt: how long it takes where it succeeds, how often not, and what that costs. */
type Try = { readonly ownMs: number; readonly faultRatio: number; readonly lossMs: number };

/** How long the job would take if it were tried here again and again. */
const untilItSucceeds = ({ ownMs, faultRatio, lossMs }: Try): number =>
  ownMs + (faultRatio / (1 - faultRatio)) * lossMs;

/** Where it succeeds; by the line of the learner where no first token was timed. */
function successMs(row: BackendRow, set: ScoredSet): number {
  const { job, facts } = set;
  const { samples, decodeTokensPerSec } = speedOf(row.stats, job.model);
  if (!(samples > 0 && decodeTokensPerSec > 0)) {
    return armOf(row, set)?.durationMs ?? expectedDurationMs(row);
  }
  const outputTokens = facts.expectedOutputTokens ?? job.maxOutputTokens;
  return expectedTtftMs(row, set) + (outputTokens / decodeTokensPerSec) * 1000;
}

/** What a prototype holds has no samples. */
function armOf({ id }: BackendRow, { facts }: ScoredSet): Arm | undefined {
  const found = facts.learned.arms[id];
  return found?.samples === undefined ? undefined : found;
}

/** With one alone there is no other to go to: it is its own. */
function twoLeast(times: readonly number[]): readonly [least: number, second: number] {
  let least = Infinity;
  let second = Infinity;
  for (const time of times) {
    if (time < least) [least, second] = [time, least];
    else if (time < second) second = time;
  }
  return [least, second === Infinity ? least : second];
}
