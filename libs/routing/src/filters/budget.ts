import type { BackendRow } from '../backend-row.js';
import { estimateRowCostUsdMicros, isUnpriced } from '../cost.js';
import { type Ask, always, type Filter } from '../filter.js';
import type { BudgetLeft } from '../job-facts.js';

/** Leaves out a backend whose price no budget of the job can still pay; a free one stays. */
export const budget: Filter = {
  reason: 'budget',
  depends: always,
  isAsked: hasBudgets,
  excludes: (row, ask) => isOver(row, ask, 'unpostedUsdMicros'),
};

/**
 * Leaves out a backend that a budget could pay but for what is held for other jobs: holds end, so
 * this passes.
 */
export const budgetHeld: Filter = {
  reason: 'budget_held',
  depends: always,
  isAsked: hasBudgets,
  excludes: (row, ask) => isOver(row, ask, 'unheldUsdMicros'),
};

function hasBudgets({ budgets }: Ask): boolean {
  return budgets !== undefined;
}

function isOver(row: BackendRow, { job, budgets }: Ask, what: keyof BudgetLeft): boolean {
  if (budgets === undefined) return false;
  const own = Object.hasOwn(budgets.byBackend, row.id) ? budgets.byBackend[row.id] : undefined;
  if (budgets.job === null && own === undefined) return false;
  if (isUnpriced(row, job)) return true;
  const costUsdMicros = estimateRowCostUsdMicros(row, job);
  if (costUsdMicros === 0) return false;
  const isWithin = (left: BudgetLeft | null | undefined): boolean =>
    left === null || left === undefined || costUsdMicros <= left[what];
  return !isWithin(budgets.job) || !isWithin(own);
}
