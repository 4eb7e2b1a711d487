import { historicalQualityOf } from '../quality.js';
import { ratingOf } from '../scorer.js';

const within = (ratio: number): number => Math.min(1, Math.max(0, ratio));

/** Rates by the quality that the operator configured. */
export const configuredQuality = ratingOf('configured_quality', (row) => within(row.qualityScore));

/** Rates by the mean quality of the answers rated; where none is, by the configured one. */
export const historicalQuality = ratingOf('historical_quality', (row) =>
  within(historicalQualityOf(row)),
);

/** Rates by the configured reliability. */
export const reliability = ratingOf('reliability', ({ stats }) => within(stats.reliabilityScore));
