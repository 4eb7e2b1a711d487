import { estimateRowCostUsdMicros } from '../cost.js';
import type { Filter } from '../filter.js';

/** Leaves out a backend where the job's estimate is over its cap; equal to the cap is allowed. */
export const overCost: Filter = {
  reason: 'over_cost',
  excludes: (row, { job }) => {
    const cap = job.preferences.maxCostPerJobUsdMicros;
    return cap !== null && estimateRowCostUsdMicros(row, job) > cap;
  },
};
