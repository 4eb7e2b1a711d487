import type { BackendRow } from '../backend-row.js';
import type { Scorer } from '../scorer.js';

/** How much heavier an attempt in flight weighs at a backend of this health. */
const burden = { healthy: 1, unknown: 1, degraded: 2, down: 10 } as const;

/**
 * Rates by the share of slots in use, heavier where the health is worse: idle gets 1, full and
 * healthy 1/2.
 */
export const connections: Scorer = {
  name: 'connections',
  score: ({ rows }) => {
    const scores = new Array<number>(rows.length);
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at] as BackendRow;
      scores[at] = 1 / (1 + shareInUse(row) * burden[row.health]);
    }
    return scores;
  },
};

/** The share of slots in use; a backend without slots is full. */
export const shareInUse = (row: BackendRow): number =>
  row.slots > 0 ? row.inFlight / row.slots : 1;
