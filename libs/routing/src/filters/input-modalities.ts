import { always, type Filter, factsOf } from '../filter.js';

/**
 * Leaves out a backend whose model is known not to take what the input holds beside text. A model
 * of which nobody said what it takes is trusted, as is one without its kinds.
 */
export const inputModalities: Filter = {
  reason: 'capability',
  depends: always,
  isAsked: ({ job }) => job.inputModalities !== undefined,
  excludes: (row, ask) => {
    const taken = factsOf(row, ask)?.inputModalities;
    const wanted = ask.job.inputModalities;
    if (taken === undefined || wanted === undefined) return false;
    return !wanted.every((modality) => taken.includes(modality));
  },
};
