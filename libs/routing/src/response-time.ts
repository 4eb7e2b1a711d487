import type { BackendRow } from './backend-row.js';
import { expectedDurationMs } from './expected-duration.js';

/** The moving average of the durations; where there is none in the window, the expected one. */
export const responseTimeMs = (row: BackendRow): number =>
  row.stats.recentSamples > 0 && row.stats.ewmaMs > 0 ? row.stats.ewmaMs : expectedDurationMs(row);

/** Shorter ones count as this, so that a backend that answers at once is not infinitely good. */
const shortestMs = 100;
/** A response within this time is as good as any. */
const goodMs = 2000;

/** 1 up to 2 s, then falling as its inverse: 0.5 at 4 s. */
export const quicknessOf = (row: BackendRow): number =>
  Math.min(1, goodMs / Math.max(shortestMs, responseTimeMs(row)));

/** 1 at once, falling in a straight line to 0 at 2 s. */
export const promptnessOf = (row: BackendRow): number =>
  Math.min(1, Math.max(0, (goodMs - responseTimeMs(row)) / goodMs));

/** A second over the response time: 10 at most, a tenth at least. */
export const performanceOf = (row: BackendRow): number =>
  Math.max(0.1, 1000 / Math.max(shortestMs, responseTimeMs(row)));
