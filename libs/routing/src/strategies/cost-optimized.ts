import type { BackendRow } from '../backend-row.js';
import { best } from '../pickers/best.js';
import { costPerQuality, worthOf } from '../scorers/cost-per-quality.js';
import type { Strategy } from '../strategy.js';
import { generalTieBreak } from '../tie-breaks.js';
import { qualityBased } from './quality-based.js';

/**
 * The least cost for what it buys; of free ones the one that is worth most. For a job with a
 * deadline the cheapest for its quality among those in time, and it waits for a cheaper one that
 * is full while it would still be in time there (ADR 0014, 0022). One that is sure to be late
 * waits for the cheapest, and leaves the slots of the others to those who would be in time (0028).
 */
export const costOptimized: Strategy = {
  name: 'cost_optimized',
  version: 4,
  scorers: [{ scorer: costPerQuality, weight: 100 }],
  picker: best,
  tieBreak: [(row: BackendRow) => -worthOf(row), ...generalTieBreak],
  reads: ['stats', 'openings'],
  savesWhenLate: true,
  fallback: qualityBased,
};
