import type { BackendRow, ModelFacts } from '../backend-row.js';
import { type Ask, type Filter, factsOf } from '../filter.js';

/**
 * Leaves out a backend known not to serve the job's model for the job's kind, or not to take what
 * the input holds beside text.
 */
export const capability: Filter = {
  reason: 'capability',
  excludes: (row, ask) => !isAble(row, ask) && row.models !== null,
};

/** True where the backend is known to serve the job's model for the job's kind. */
export function isAble(row: BackendRow, ask: Ask): boolean {
  const facts = factsOf(row, ask);
  if (facts === undefined) return false;
  if (facts.kinds !== null && !facts.kinds.includes(ask.job.kind)) return false;
  return ask.job.inputModalities === undefined || takesAll(facts, ask.job.inputModalities);
}

/** A model of which nobody said what it takes is trusted, as is one without its kinds. */
const takesAll = ({ inputModalities: taken }: ModelFacts, wanted: readonly string[]): boolean =>
  taken === undefined || wanted.every((modality) => taken.includes(modality));
