import type { BackendRow } from '../backend-row.js';
import { responseTimeMs } from '../response-time.js';
import { shareOfLargest } from '../scorer.js';

/** Rates by the configured weight: the largest of the set gets 1; 0 or less gets 0. */
export const weight = shareOfLargest({
  name: 'weight',
  unit: '',
  measure: (row) => Math.max(0, row.weight),
});

/**
 * Rates by the weight, which speed, errors and availability change where the settings say so: by a
 * factor of 0.1 at least.
 */
export const turnWeight = shareOfLargest({
  name: 'turn_weight',
  unit: '',
  measure: (row, { settings }) =>
    Math.max(0, row.weight) * (settings.isAdaptiveWeighting ? adaptiveFactor(row) : 1),
});

function adaptiveFactor(row: BackendRow): number {
  const { errorRatio, availabilityRatio } = row.stats;
  const factor =
    0.3 * (row.health === 'healthy' ? 1 : 0.3) +
    0.3 * Math.min(1, 2000 / Math.max(100, responseTimeMs(row))) +
    0.2 * Math.max(0.1, 1 - errorRatio) +
    0.2 * availabilityRatio;
  return Math.max(0.1, factor);
}
