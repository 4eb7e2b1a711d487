import type { BackendRow } from '../backend-row.js';
import { type Ask, type Filter, factsOf } from '../filter.js';

/** Leaves out a backend known not to serve the job's model for the job's kind. */
export const capability: Filter = {
  reason: 'capability',
  excludes: (row, ask) => !isAble(row, ask) && row.models !== null,
};

/** True where the backend is known to serve the job's model for the job's kind. */
export function isAble(row: BackendRow, ask: Ask): boolean {
  const facts = factsOf(row, ask);
  return facts !== undefined && (facts.kinds === null || facts.kinds.includes(ask.job.kind));
}
