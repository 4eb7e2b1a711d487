import type { BackendRow } from '../backend-row.js';
import { type Ask, type Filter, factsOf } from '../filter.js';
import { inputModalities } from './input-modalities.js';

/** Leaves out a backend known not to serve the job's model for the job's kind. */
export const capability: Filter = {
  reason: 'capability',
  excludes: (row, ask) => row.models !== null && !servesKind(row, ask),
};

/**
 * True where the backend is known to serve the job's model for the job's kind, and to take what the
 * input holds beside text.
 */
export const isAble = (row: BackendRow, ask: Ask): boolean =>
  servesKind(row, ask) && !inputModalities.excludes(row, ask);

function servesKind(row: BackendRow, ask: Ask): boolean {
  const facts = factsOf(row, ask);
  return facts !== undefined && (facts.kinds === null || facts.kinds.includes(ask.job.kind));
}
