import { promptnessOf, quicknessOf } from '../response-time.js';
import { ratingOf } from '../scorer.js';

const within = (ratio: number): number => Math.min(1, Math.max(0, ratio));

/** So many attempts a minute prove that a backend carries work. */
const provenPerMinute = 100;
/** So many failures in a row leave nothing. */
const worstStreak = 10;

/** Rates by the response time: 1 up to 2 s, then falling as its inverse. */
export const quickness = ratingOf('quickness', quicknessOf);

/** Rates by the response time: 1 at once, 0 from 2 s on. */
export const promptness = ratingOf('promptness', promptnessOf);

/** Rates by the attempts ended in the last minute: 100 or more get 1. */
export const throughput = ratingOf('throughput', ({ stats }) =>
  within(stats.requestsLastMinute / provenPerMinute),
);

/** Rates by the share of time in which the backend could be used. */
export const availability = ratingOf('availability', ({ stats }) =>
  within(stats.availabilityRatio),
);

/** Rates by the share of attempts that did not fail. */
export const success = ratingOf('success', ({ stats }) => within(1 - stats.errorRatio));

/** Rates by the failures in a row: none gets 1, ten or more 0. */
export const streak = ratingOf('streak', ({ stats }) =>
  within(1 - stats.consecutiveFailures / worstStreak),
);

/** Rates by the processor or GPU that is not in use; where nobody reports it, all of it. */
export const idleness = ratingOf('idleness', ({ stats }) =>
  within(1 - (stats.utilisationRatio ?? 0)),
);
