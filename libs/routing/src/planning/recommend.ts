import type { BackendId } from '@switchyard/domain';
import { splitFastest } from './fastest-split.js';
import { byCost, byDuration, type PlanChoice } from './plan-choice.js';

/** What is to be spread over the backends. */
export type PlanAsk = {
  /** How many jobs alike, a whole number of 1 or more. */
  readonly jobs: number;
  /** The most all of them may cost; null = no limit. @default null */
  readonly budgetUsdMicros?: number | null;
  /** The most one of them may cost; null = no limit. @default null */
  readonly maxCostPerJobUsdMicros?: number | null;
  /** True: each job goes where it is done soonest. @default false */
  readonly isFast?: boolean;
};

/** Why a backend has the jobs it has in a plan. */
export const shareReasons = {
  cheapest: 'the cheapest takes most of the jobs',
  overflow: 'the next cheapest takes what is more, within the budget',
  soonest: 'its jobs are done soonest here',
  fallback: 'fallback only',
  unaffordable: 'over the budget or the cost cap',
  unneeded: 'the others are done sooner',
} as const;

/** What one backend gets. */
export type PlanShare = {
  readonly backendId: BackendId;
  readonly jobs: number;
  readonly costUsdMicros: number;
  /** Its jobs one after the other. */
  readonly durationMs: number;
  readonly reason: keyof typeof shareReasons;
};

/** A spread of jobs over backends. */
export type Plan = {
  /** Every eligible backend, in the order in which they were asked. */
  readonly shares: readonly PlanShare[];
  readonly costUsdMicros: number;
  /** Until the last is done: backends work side by side. */
  readonly durationMs: number;
  /** Of the jobs that found a place; 0 where none did. */
  readonly costPerJobUsdMicros: number;
  /** Jobs that nobody can do for the money. */
  readonly unallocated: number;
};

/** This share of the jobs goes to the second cheapest, so that the cheapest is not alone. */
const overflowRatio = 0.15;

/**
 * How to spread `ask.jobs` over the eligible of `choices`.
 *
 * - The cheapest gets 85 % (rounded half up), the next the rest, all others nothing.
 * - The next one's jobs are fewer where the budget would not pay for all jobs otherwise. Where it
 *   does not pay for all at the cheapest either, the rest is `unallocated`.
 * - `isFast`: each job in turn goes to the backend that would be done with it first, by the budget.
 */
export function recommend(choices: readonly PlanChoice[], ask: PlanAsk): Plan {
  const order = choices
    .filter(({ isEligible }) => isEligible)
    .sort(ask.isFast ? byDuration : byCost);
  const jobs = Number.isSafeInteger(ask.jobs) && ask.jobs > 0 ? ask.jobs : 0;
  const budget = ask.budgetUsdMicros ?? Number.MAX_SAFE_INTEGER;
  const cap = ask.maxCostPerJobUsdMicros ?? Number.MAX_SAFE_INTEGER;
  // Dearer than everything: a price that is no amount, and one whose sum would be none.
  const isPayable = ({ costPerJobUsdMicros: cost }: PlanChoice): boolean =>
    cost >= 0 && cost <= cap && Number.isSafeInteger(cost * Math.max(1, jobs));
  const payable = order.filter(isPayable);
  const counts = ask.isFast
    ? splitFastest(payable, jobs, budget)
    : splitCheapest(payable, jobs, budget);
  return planOf(
    order.map((choice, at) => {
      const count = counts[payable.indexOf(choice)] ?? 0;
      const isShort = !isPayable(choice) || choice.costPerJobUsdMicros > budget;
      return shareOf(choice, count, reasonOf({ at, count, isShort, isFast: ask.isFast === true }));
    }),
    jobs,
  );
}

/** What `jobs` cost and take where all of them run at one backend. */
export const allAt = (choice: PlanChoice, jobs: number): Plan =>
  planOf([shareOf(choice, jobs, 'cheapest')], jobs);

/** The counts of the two cheapest: the second's shrinks until every job can be paid. */
function splitCheapest(
  [first, second]: readonly PlanChoice[],
  jobs: number,
  budget: number,
): readonly number[] {
  if (first === undefined) return [];
  const cost = first.costPerJobUsdMicros;
  const spare = budget - jobs * cost;
  if (spare < 0) return [Math.max(0, Math.floor(budget / cost))];
  if (second === undefined) return [jobs];
  const more = second.costPerJobUsdMicros - cost;
  const wanted = jobs - Math.round((1 - overflowRatio) * jobs);
  const overflow = more === 0 ? wanted : Math.min(wanted, Math.floor(spare / more));
  return [jobs - overflow, overflow];
}

function reasonOf(share: {
  readonly at: number;
  readonly count: number;
  readonly isShort: boolean;
  readonly isFast: boolean;
}): PlanShare['reason'] {
  const { at, count, isShort, isFast } = share;
  if (count > 0) return isFast ? 'soonest' : at === 0 ? 'cheapest' : 'overflow';
  if (isShort) return 'unaffordable';
  if (isFast) return 'unneeded';
  return at < 2 ? 'unaffordable' : 'fallback';
}

const shareOf = (choice: PlanChoice, jobs: number, reason: PlanShare['reason']): PlanShare => ({
  backendId: choice.id,
  jobs,
  costUsdMicros: jobs * choice.costPerJobUsdMicros,
  durationMs: jobs * choice.durationMs,
  reason,
});

function planOf(shares: readonly PlanShare[], jobs: number): Plan {
  const costUsdMicros = shares.reduce((sum, share) => sum + share.costUsdMicros, 0);
  const allocated = shares.reduce((sum, share) => sum + share.jobs, 0);
  return {
    shares,
    costUsdMicros,
    durationMs: Math.max(0, ...shares.map(({ durationMs }) => durationMs)),
    costPerJobUsdMicros: allocated === 0 ? 0 : costUsdMicros / allocated,
    unallocated: jobs - allocated,
  };
}
