import type { BackendRow } from '../backend-row.js';
import { speedOf } from '../backend-stats.js';
import { doneTimesMs } from '../done-times.js';
import { expectedResponseMs } from '../expected-times.js';
import { ratingOf, type ScoredSet, type Scorer } from '../scorer.js';
import { shareInUse } from './connections.js';

const within = (ratio: number): number => Math.min(1, Math.max(0, ratio));

/** Rates by the expected response time of this job: the shortest of the set over each. */
export const relativeSpeed: Scorer = {
  name: 'relative_speed',
  unit: 'ms',
  measure: (set) => set.rows.map((row) => expectedResponseMs(row, set)),
  score: (set, timesMs = set.rows.map((row) => expectedResponseMs(row, set))) => {
    const times = timesMs.map((timeMs) => Math.max(1, timeMs));
    const shortestMs = Math.min(...times);
    return times.map((timeMs) => shortestMs / timeMs);
  },
};

/** Rates by the time until this job is done, faults included: the shortest of the set over each. */
export const soonestDone: Scorer = {
  name: 'soonest_done',
  unit: 'ms',
  measure: doneTimesMs,
  score: (set, timesMs = doneTimesMs(set)) => {
    const times = timesMs.map((timeMs) => Math.max(1, timeMs));
    const shortestMs = Math.min(...times);
    return times.map((timeMs) => shortestMs / timeMs);
  },
};

/** Rates by what is free where least is: slots, requests of this minute, processor or GPU. */
export const headroom = ratingOf('headroom', (row) => {
  const limit = row.maxRequestsPerMinute;
  const requests = limit === null ? 0 : limit > 0 ? row.requestsThisMinute / limit : 1;
  return within(1 - Math.max(shareInUse(row), requests, row.stats.utilisationRatio ?? 0));
});

/**
 * Rates by how ready the model is: 1 where it is resident or hosted by a provider, 0.7 where nobody
 * said, or on disk and configured for this backend, 0.5 on disk.
 */
export const modelFit = ratingOf('model_fit', (row, { job }) => {
  const { residency } = speedOf(row.stats, job.model);
  if (residency === 'resident') return 1;
  if (residency === 'unknown') return row.class === 'remote' ? 1 : 0.7;
  return isListed(row, job.model) ? 0.7 : 0.5;
});

/** Rates by the region: 1 in the job's own or the router's, 1/2 elsewhere or unknown. */
export const nearness = ratingOf('nearness', (row, { job, settings }: ScoredSet) => {
  const here = job.region ?? settings.region;
  return here !== null && row.region === here ? 1 : 0.5;
});

const isListed = (row: BackendRow, model: string): boolean =>
  row.models?.[model]?.isListed === true;
