import { estimateRowCostUsdMicros } from '../cost.js';
import type { Filter } from '../filter.js';

/** Leaves out a backend where the job's estimate is over its cap; equal to the cap is allowed. */
export const overCost: Filter = {
  reason: 'over_cost',
  applies: ({ job }) => job.preferences.maxCostPerJobUsdMicros !== null,
  excludes: (row, { job }) =>
    estimateRowCostUsdMicros(row, job) > (job.preferences.maxCostPerJobUsdMicros as number),
};
