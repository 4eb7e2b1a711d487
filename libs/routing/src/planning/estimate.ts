import type { BackendId } from '@switchyard/domain';
import type { PlanChoice } from './plan-choice.js';
import { allAt, type Plan, recommend } from './recommend.js';

/** What is to be estimated. */
export type EstimateAsk = {
  /** How many jobs alike, a whole number of 1 or more. */
  readonly jobs: number;
  /** `auto` for the recommended spread, or the one backend that is to do all. @default auto */
  readonly backend?: 'auto' | BackendId;
  /** The most one of them may cost; null = no limit. @default null */
  readonly maxCostPerJobUsdMicros?: number | null;
};

/** What a number of jobs would cost and take, and what that saves. */
export type Estimate = Plan & {
  readonly backend: 'auto' | BackendId;
  /** All jobs at the dearest backend that is able to do them. */
  readonly baselineUsdMicros: number;
  readonly savingsUsdMicros: number;
  /** Of the baseline, 0 to 1; 0 where that is free. */
  readonly savingsRatio: number;
};

/**
 * The estimate of `ask.jobs` among all `choices`, eligible or not; undefined where it names a
 * backend that is not among them. A backend without a price that can be counted is no baseline.
 */
export function estimate(choices: readonly PlanChoice[], ask: EstimateAsk): Estimate | undefined {
  const { jobs, backend = 'auto' } = ask;
  const named = choices.find(({ id }) => id === backend);
  if (backend !== 'auto' && named === undefined) return undefined;
  const plan = named === undefined ? recommend(choices, ask) : allAt(named, jobs);
  const costs = choices
    .map(({ costPerJobUsdMicros }) => costPerJobUsdMicros)
    .filter((cost) => cost >= 0 && Number.isSafeInteger(cost * jobs));
  const baselineUsdMicros = (jobs - plan.unallocated) * Math.max(0, ...costs);
  const savingsUsdMicros = Math.max(0, baselineUsdMicros - plan.costUsdMicros);
  const savingsRatio = baselineUsdMicros === 0 ? 0 : savingsUsdMicros / baselineUsdMicros;
  return { ...plan, backend, baselineUsdMicros, savingsUsdMicros, savingsRatio };
}
