import type { BackendRow } from '../backend-row.js';
import { historicalQualityOf } from '../quality.js';
import { performanceOf } from '../response-time.js';
import { fewer } from '../scorer.js';

/** A backend is taken for at least this good, so that a bad one is dear and not infinitely so. */
const worstQuality = 0.1;

/** What the money buys: quality times performance. */
export const worthOf = (row: BackendRow): number =>
  Math.max(worstQuality, historicalQualityOf(row)) * performanceOf(row);

/** Rates by the job's estimated cost over what the money buys. */
export const costPerQuality = fewer({
  name: 'cost_per_quality',
  unit: 'USD micros',
  halfAt: 1000,
  measure: (row, { costsUsdMicros }, at) => (costsUsdMicros[at] as number) / worthOf(row),
});
