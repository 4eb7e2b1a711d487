import type { BackendRow } from '../backend-row.js';
import { fewer } from '../scorer.js';
import { shareInUse } from './connections.js';
import { isSuspect } from './heartbeat.js';

/** With fewer durations in the window the configured one is taken. */
const enoughSamples = 5;
const degradedPenaltyMs = 200;
const suspectPenaltyMs = 1000;

/**
 * Rates by the response time, longer the more slots are in use, with a tenth of its spread and a
 * penalty for a degraded backend (200 ms) and for one whose executors are suspect (1 s).
 */
export const responseTime = fewer({
  name: 'response_time',
  unit: 'ms',
  halfAt: 1000,
  measure: (row, { nowMs }) =>
    measuredMs(row) * (1 + shareInUse(row)) + 0.1 * row.stats.stddevMs + penaltyMs(row, nowMs),
});

const measuredMs = ({ stats, expectedResponseTimeMs }: BackendRow): number =>
  stats.recentSamples < enoughSamples ? expectedResponseTimeMs : stats.ewmaMs;

const penaltyMs = (row: BackendRow, nowMs: number): number =>
  (row.health === 'degraded' ? degradedPenaltyMs : 0) +
  (isSuspect(row, nowMs) ? suspectPenaltyMs : 0);
