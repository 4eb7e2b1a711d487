import type { BackendRow } from '../backend-row.js';
import type { Scorer } from '../scorer.js';

/** So many waiting jobs get no point. */
const longest = 10;

/**
 * Rates by the jobs waiting at the backend: none gets 1, ten or more 0.
 *
 * Where the number is unknown, the attempts in flight stand for it; a remote backend that is not
 * alive gets 0.
 */
export const queue: Scorer = {
  name: 'queue',
  score: ({ rows }) => {
    const scores = new Array<number>(rows.length);
    for (let at = 0; at < rows.length; at += 1) {
      scores[at] = Math.max(0, 1 - waitingAt(rows[at] as BackendRow) / longest);
    }
    return scores;
  },
};

function waitingAt(row: BackendRow): number {
  if (row.waiting !== null) return row.waiting;
  return row.class === 'remote' && !row.isAlive ? longest : row.inFlight;
}
