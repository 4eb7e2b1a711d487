import type { Book } from './book.js';
import { type BudgetStand, standOf, type Verdict } from './holds.js';
import { scopeKey } from './scopes.js';

/** A share of a budget that its spending has reached in the period that counts now. */
export type Alarm = {
  readonly stand: BudgetStand;
  /** Such as 0.7; 1: exhausted. */
  readonly share: number;
  /** What tells one period from the next. */
  readonly periodStartMs: number;
  /** Exhausted though not all is spent: what a job needed that was refused for it. */
  readonly refusedUsdMicros?: number;
};

/**
 * Every threshold that is reached now. A sliding window has no periods: there it counts by the
 * hour, day, week or month of the clock in which it is reached.
 */
export function alarmsOf(
  { balances, budgets }: Pick<Book, 'balances' | 'budgets'>,
  nowMs: number,
): readonly Alarm[] {
  const alarms: Alarm[] = [];
  for (const budget of budgets.all) {
    const stand = standOf({ balances, budgets }, scopeKey(budget.scope), budget, nowMs);
    const { spentUsdMicros, limitUsdMicros } = stand;
    if (spentUsdMicros === 0) continue;
    const { startMs: periodStartMs } = budgets.clockPeriodOf(budget, nowMs);
    for (const share of new Set([...budget.alertAt, 1])) {
      if (spentUsdMicros >= share * limitUsdMicros) alarms.push({ stand, share, periodStartMs });
    }
  }
  return alarms;
}

/**
 * The budget that a refusal shows to be exhausted: hardly any cap is ever met to the micro-dollar,
 * so one counts as exhausted too where what is left of it does not pay for a job.
 *
 * - Only what is spent counts: a job that held money is in the way of waits for it.
 * - A job that the whole limit could not pay for says nothing, nor does one that another backend
 *   can be paid for; but the budget of a backend says so by itself.
 */
export function alarmOfRefusal(
  { budgets }: Pick<Book, 'budgets'>,
  verdicts: readonly Verdict[],
  nowMs: number,
): Alarm | undefined {
  const first = verdicts[0];
  if (first?.kind !== 'over') return undefined;
  const { stand, usdMicros } = first;
  if (stand.spentUsdMicros === 0 || usdMicros > stand.limitUsdMicros) return undefined;
  const isOfBackend = stand.budget.scope.kind === 'backend';
  const isPayable = verdicts.some(({ kind }) => kind === 'fits' || kind === 'held');
  if (isPayable && !isOfBackend) return undefined;
  const { startMs: periodStartMs } = budgets.clockPeriodOf(stand.budget, nowMs);
  return { stand, share: 1, periodStartMs, refusedUsdMicros: usdMicros };
}
