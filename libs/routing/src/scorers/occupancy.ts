import type { BackendRow } from '../backend-row.js';
import { fewer, ratingOf } from '../scorer.js';
import { shareInUse } from './connections.js';

/** `used` of `limit`; nothing where there is no limit, all where the limit is nothing or less. */
const shareOf = (used: number, limit: number | null): number => {
  if (limit === null) return 0;
  return limit > 0 ? Math.max(0, used) / limit : 1;
};

const within = (ratio: number): number => Math.min(1, Math.max(0, ratio));

/**
 * Rates by how occupied a backend is: half by its slots, three tenths by its queue, two by its
 * tokens of this minute; a tenth more where the job would take over half of a whole minute.
 */
export const occupancy = fewer({
  name: 'occupancy',
  unit: '',
  halfAt: 1,
  measure: (row, { job }) => {
    const limit = row.maxTokensPerMinute;
    const tokens = job.estimatedInputTokens + job.maxOutputTokens;
    return (
      0.5 * shareInUse(row) +
      0.3 * shareOf(row.waiting ?? 0, row.stats.maxQueue) +
      0.2 * shareOf(row.tokensThisMinute, limit) +
      (limit !== null && tokens > limit / 2 ? 0.1 : 0)
    );
  },
});

/** Rates by the tokens that a backend may take in a minute, against the largest of the set. */
export const tokenCapacity = {
  name: 'token_capacity',
  score: ({ rows }: { readonly rows: readonly BackendRow[] }) => {
    const largest = rows.reduce((max, row) => Math.max(max, row.maxTokensPerMinute ?? 0), 0);
    return rows.map((row) => (largest > 0 ? within((row.maxTokensPerMinute ?? 0) / largest) : 0));
  },
};

/** Rates by the share of slots that are free. */
export const freeSlots = ratingOf('free_slots', (row) => within(1 - shareInUse(row)));

/** Rates by the share of the queue that is free; 0 where the queue has no limit. */
export const freeQueue = ratingOf('free_queue', ({ waiting, stats }) =>
  stats.maxQueue === null ? 0 : within(1 - shareOf(waiting ?? 0, stats.maxQueue)),
);

/** Rates by the share of this minute's tokens that is left; 0 where there is no limit. */
export const freeTokens = ratingOf('free_tokens', (row) =>
  row.maxTokensPerMinute === null
    ? 0
    : within(1 - shareOf(row.tokensThisMinute, row.maxTokensPerMinute)),
);

/** Rates by the attempts in flight. */
export const inFlight = fewer({
  name: 'in_flight',
  unit: 'attempts',
  halfAt: 10,
  measure: (row) => row.inFlight,
});

/** Rates by the tokens of the attempts in flight. */
export const outstanding = fewer({
  name: 'outstanding',
  unit: 'tokens',
  halfAt: 10_000,
  measure: (row) => row.stats.outstandingTokens,
});

/** Rates by the share of the KV cache in use; a backend that reports none counts as full. */
export const cacheUsed = fewer({
  name: 'cache_used',
  unit: '',
  halfAt: 1,
  measure: (row) => row.stats.kvUsedRatio ?? 1,
});
