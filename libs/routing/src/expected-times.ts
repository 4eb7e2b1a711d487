import type { BackendRow } from './backend-row.js';
import { speedOf } from './backend-stats.js';
import { expectedDurationMs } from './expected-duration.js';
import type { RoutingJob } from './job.js';
import { type JobFacts, numberOf } from './job-facts.js';

/** What is asked of a backend's speed: the job, and what is known of it. */
export type TimeAsk = { readonly job: RoutingJob; readonly facts: JobFacts };

/** A prompt token found in the cache still costs three tenths of one that is not. */
const savedByHit = 0.7;

/**
 * The time to the first token: the prompt's own prefill, that of the attempts before it, and the
 * loading of the model where it lies on disk.
 */
export function expectedTtftMs(row: BackendRow, { job, facts }: TimeAsk): number {
  const speed = speedOf(row.stats, job.model);
  const tokens = job.estimatedInputTokens;
  const hit = Math.min(tokens, Math.max(0, numberOf(facts.hitTokens, row.id, 0)));
  const prefillMs = speed.prefillMsPerToken * (tokens - savedByHit * hit);
  const loadMs = speed.residency === 'disk' ? speed.loadMs : 0;
  return prefillMs + row.stats.queuedPrefillMs + loadMs;
}

/**
 * The time to the last token by the speed measured of the model; where it was not, the expected
 * duration of any job.
 */
export function expectedResponseMs(row: BackendRow, { job, facts }: TimeAsk): number {
  const speed = speedOf(row.stats, job.model);
  const loadMs = speed.residency === 'disk' ? speed.loadMs : 0;
  if (!(speed.samples > 0 && speed.decodeTokensPerSec > 0)) return expectedDurationMs(row) + loadMs;
  const outputTokens = facts.expectedOutputTokens ?? job.maxOutputTokens;
  return speed.ttftMs + (outputTokens / speed.decodeTokensPerSec) * 1000 + loadMs;
}
