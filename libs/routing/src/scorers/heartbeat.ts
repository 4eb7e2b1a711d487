import type { BackendRow } from '../backend-row.js';
import { ratingOf } from '../scorer.js';

/** An executor that was not heard of for longer is suspect; for longer than twice that, dead. */
const suspectAfterMs = 15_000;

/** True where all executors of the backend are suspect. A clock set back makes nobody suspect. */
export const isSuspect = ({ stats }: BackendRow, nowMs: number): boolean =>
  stats.lastHeartbeatAtMs !== null && isOverdue(stats.lastHeartbeatAtMs, nowMs);

/** True where a heartbeat came so long ago that its executor is suspect. */
export const isOverdue = (heardAtMs: number, nowMs: number): boolean =>
  nowMs - heardAtMs > suspectAfterMs;

/** Rates by the newest heartbeat: 1 up to 15 s, 1/2 up to 30 s, then 0; not followed, 1. */
export const freshness = ratingOf('freshness', (row, { nowMs }) => {
  if (!isSuspect(row, nowMs)) return 1;
  return nowMs - (row.stats.lastHeartbeatAtMs as number) > 2 * suspectAfterMs ? 0 : 0.5;
});
