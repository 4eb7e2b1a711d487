import { type Filter, factsOf } from '../filter.js';

/**
 * Leaves out a backend whose model cannot hold the input and the longest answer; an unknown window
 * holds all.
 */
export const contextWindow: Filter = {
  reason: 'context_window',
  excludes: (row, ask) => {
    const window = factsOf(row, ask)?.contextWindowTokens ?? null;
    return window !== null && ask.totalTokens > window;
  },
};
