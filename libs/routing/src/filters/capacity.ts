import type { BackendRow } from '../backend-row.js';
import type { Filter } from '../filter.js';

/**
 * Leaves out a backend with no free slot, at its decoder's limit, or whose window of requests or
 * tokens is used up. A limit below 0, or that is no number, lets nothing through.
 *
 * A job larger than the whole token window is admitted alone, on an empty window
 * (`isOverTokenWindow`).
 */
export const capacity: Filter = {
  reason: 'capacity',
  depends: (row) => row.maxTokensPerMinute !== null,
  excludes: (row, { totalTokens }) =>
    !(row.inFlight < row.slots) ||
    (row.maxRequestsPerMinute !== null && !(row.requestsThisMinute < row.maxRequestsPerMinute)) ||
    (row.maxTokensPerMinute !== null && !hasTokens(row, row.maxTokensPerMinute, totalTokens)) ||
    isAtDecoderLimit(row),
};

const hasTokens = ({ tokensThisMinute }: BackendRow, limit: number, tokens: number): boolean =>
  limit > 0 && (tokensThisMinute <= 0 || tokensThisMinute + tokens <= limit);

function isAtDecoderLimit({ stats, inFlight }: BackendRow): boolean {
  const limit = stats.decodeConcurrencyLimit;
  return limit !== null && limit !== 0 && !(inFlight < limit);
}

/**
 * True where `totalTokens` is more than the backend may take in a whole minute: worth a warning.
 */
export const isOverTokenWindow = (row: BackendRow, totalTokens: number): boolean =>
  row.maxTokensPerMinute !== null && totalTokens > row.maxTokensPerMinute;
