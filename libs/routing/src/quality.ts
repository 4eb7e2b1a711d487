import type { BackendRow } from './backend-row.js';
import { quicknessOf } from './response-time.js';

/** The mean of the answers rated; where none is, the configured quality. */
export const historicalQualityOf = (row: BackendRow): number =>
  row.stats.historicalQuality ?? row.qualityScore;

/**
 * The quality that the floor and `quality_based` go by: four tenths configured, three as rated, two
 * reliability, one quickness.
 */
export const qualityOf = (row: BackendRow): number =>
  0.4 * row.qualityScore +
  0.3 * historicalQualityOf(row) +
  0.2 * row.stats.reliabilityScore +
  0.1 * quicknessOf(row);
