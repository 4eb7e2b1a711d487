import type { BackendRow } from '../backend-row.js';
import { type Ask, type Filter, factsOf } from '../filter.js';

/**
 * Leaves out a backend whose model cannot hold the input and the longest answer; an unknown window
 * holds all.
 */
export const contextWindow: Filter = {
  reason: 'context_window',
  depends: (row, ask) => windowTokensOf(row, ask) !== null,
  excludes: (row, ask) => {
    const window = windowTokensOf(row, ask);
    return window !== null && ask.totalTokens > window;
  },
};

/** The context window of the job's model at the backend; null = unknown. */
export const windowTokensOf = (row: BackendRow, ask: Ask): number | null =>
  factsOf(row, ask)?.contextWindowTokens ?? null;
