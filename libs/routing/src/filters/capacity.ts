import type { BackendRow } from '../backend-row.js';
import type { Filter } from '../filter.js';

/**
 * Leaves out a backend with no free slot, or whose window of requests or tokens is used up.
 *
 * A job larger than the whole token window is admitted alone, on an empty window
 * (`isOverTokenWindow`).
 */
export const capacity: Filter = {
  reason: 'capacity',
  excludes: (row, { totalTokens }) =>
    !(row.inFlight < row.slots) ||
    (row.maxRequestsPerMinute !== null && row.requestsThisMinute >= row.maxRequestsPerMinute) ||
    (row.maxTokensPerMinute !== null &&
      row.tokensThisMinute > 0 &&
      row.tokensThisMinute + totalTokens > row.maxTokensPerMinute),
};

/**
 * True where `totalTokens` is more than the backend may take in a whole minute: worth a warning.
 */
export const isOverTokenWindow = (row: BackendRow, totalTokens: number): boolean =>
  row.maxTokensPerMinute !== null && totalTokens > row.maxTokensPerMinute;
