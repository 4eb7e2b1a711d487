import type { WireBudgetStand } from '@switchyard/contracts';
import type { AppError } from '@switchyard/domain';

/** An error that may know which budget had no money. */
export type BudgetError = AppError & { readonly budget?: WireBudgetStand };

/** The same error, which now knows the budget. */
export const withBudget = (error: AppError, budget: WireBudgetStand): BudgetError =>
  Object.assign(error, { budget });

/** Where a budget stood against a job, in the words of `/api/v1/budgets`. */
export type BudgetStandView = ReturnType<typeof budgetStandView>;

/** What a refused caller is told of the budget. */
export const budgetStandView = (stand: WireBudgetStand) => ({
  scope: stand.scope ?? 'global',
  id: stand.id || null,
  window: stand.window ?? 'total',
  limit_usd: (stand.limitUsdMicros ?? 0) / 1e6,
  spent_usd: (stand.spentUsdMicros ?? 0) / 1e6,
  held_usd: (stand.heldUsdMicros ?? 0) / 1e6,
  needed_usd: (stand.neededUsdMicros ?? 0) / 1e6,
  resets_at: stand.resetAtMs === undefined ? null : new Date(stand.resetAtMs).toISOString(),
});
