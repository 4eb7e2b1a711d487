import type { PlanChoice } from './plan-choice.js';

/** A job takes at least this long in a plan, so that no backend is infinitely fast. */
const durationMsMin = 1;
/** Halvings until an instant is found to the last bit that matters. */
const halvings = 100;

/** A split under way: what each choice has, and what is left. */
type Split = {
  readonly counts: number[];
  readonly open: boolean[];
  jobsLeft: number;
  budgetLeft: number;
};

/**
 * How many of `jobs` each choice gets when each job in turn goes to whoever would be done with it
 * first, and still can be paid from `budgetUsdMicros`.
 *
 * - Of two done at the same time the first of `choices` is taken.
 * - Jobs are not handed out one by one: as many as are surely handed out alike go at once.
 */
export function splitFastest(
  choices: readonly PlanChoice[],
  jobs: number,
  budgetUsdMicros: number,
): readonly number[] {
  const split: Split = {
    counts: choices.map(() => 0),
    open: choices.map(() => true),
    jobsLeft: jobs,
    budgetLeft: budgetUsdMicros,
  };
  let isOpen = choices.length > 0;
  while (split.jobsLeft > 0 && isOpen) {
    handOutMany(choices, split);
    isOpen = handOutOne(choices, split);
  }
  return split.counts;
}

const durationOf = (choice: PlanChoice): number => Math.max(durationMsMin, choice.durationMs);

/** How many jobs each open choice would have, and what they cost more, all being done by `atMs`. */
function doneBy(choices: readonly PlanChoice[], split: Split, atMs: number) {
  let jobs = 0;
  let costUsdMicros = 0;
  const counts = choices.map((choice, at) => {
    const before = split.counts[at] as number;
    if (!split.open[at]) return before;
    const count = Math.max(before, Math.floor(atMs / durationOf(choice)));
    jobs += count - before;
    costUsdMicros += (count - before) * choice.costPerJobUsdMicros;
    return count;
  });
  return { counts, jobs, costUsdMicros };
}

/** Hands out all that is done by the last instant at which jobs and money still reach. */
function handOutMany(choices: readonly PlanChoice[], split: Split): void {
  let low = 0;
  let high =
    Math.max(...choices.map(durationOf)) * (split.jobsLeft + Math.max(...split.counts) + 1);
  for (let count = 0; count < halvings && high - low > durationMsMin / 1e6; count += 1) {
    const middle = (low + high) / 2;
    const { jobs, costUsdMicros } = doneBy(choices, split, middle);
    if (jobs <= split.jobsLeft && costUsdMicros <= split.budgetLeft) low = middle;
    else high = middle;
  }
  const { counts, jobs, costUsdMicros } = doneBy(choices, split, low);
  split.counts.splice(0, counts.length, ...counts);
  split.jobsLeft -= jobs;
  split.budgetLeft -= costUsdMicros;
}

/** Hands out one job, closing the choices that cannot be paid; false where all are closed. */
function handOutOne(choices: readonly PlanChoice[], split: Split): boolean {
  let soonest = -1;
  let soonestMs = Infinity;
  choices.forEach((choice, at) => {
    if (choice.costPerJobUsdMicros > split.budgetLeft) split.open[at] = false;
    const doneMs = ((split.counts[at] as number) + 1) * durationOf(choice);
    if (!split.open[at] || !(doneMs < soonestMs)) return;
    soonest = at;
    soonestMs = doneMs;
  });
  if (soonest < 0) return false;
  if (split.jobsLeft === 0) return true;
  split.counts[soonest] = (split.counts[soonest] as number) + 1;
  split.jobsLeft -= 1;
  split.budgetLeft -= (choices[soonest] as PlanChoice).costPerJobUsdMicros;
  return true;
}
