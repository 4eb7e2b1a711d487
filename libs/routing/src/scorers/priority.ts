import type { BackendRow } from '../backend-row.js';
import type { Scorer } from '../scorer.js';

/** Rates by the backend's priority number: 1 gets 1, the largest of the set, P, gets 1/P. */
export const priority: Scorer = {
  name: 'priority',
  score: ({ rows }) => {
    let largest = 0;
    for (const row of rows) if (row.priority > largest) largest = row.priority;
    const scores = new Array<number>(rows.length);
    for (let at = 0; at < rows.length; at += 1) {
      scores[at] = (largest + 1 - (rows[at] as BackendRow).priority) / largest;
    }
    return scores;
  },
};
