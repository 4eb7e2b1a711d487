import { estimateRowCostUsdMicros, isUnpriced } from '../cost.js';
import { always, type Filter } from '../filter.js';

/**
 * Leaves out a backend where the job's estimate is over its cap, or that has no price; equal to the
 * cap is allowed.
 */
export const overCost: Filter = {
  reason: 'over_cost',
  depends: always,
  isAsked: ({ job }) => job.preferences.maxCostPerJobUsdMicros !== null,
  excludes: (row, { job }) => {
    const cap = job.preferences.maxCostPerJobUsdMicros;
    if (cap === null) return false;
    return isUnpriced(row, job) || !(estimateRowCostUsdMicros(row, job) <= cap);
  },
};
