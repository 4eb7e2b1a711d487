import type { BackendRow } from './backend-row.js';
import type { RoutingJob } from './job.js';
import type { JobFacts } from './job-facts.js';
import type { RoutingSettings } from './settings.js';

/**
 * What scorers rate: every registered backend able to do the job, by id, survivors or not, so that
 * a score does not move when another backend drops out.
 */
export type ScoredSet = {
  readonly rows: readonly BackendRow[];
  /** For each row, the job's estimated cost there. */
  readonly costsUsdMicros: readonly number[];
  readonly job: RoutingJob;
  readonly facts: JobFacts;
  readonly settings: RoutingSettings;
  readonly nowMs: number;
};

/**
 * Rates: one number from 0 to 1 for each row of the set, 1 best. Pure, and never throws.
 *
 * A scorer of which one number is NaN or outside is dropped for that decision, and named in its
 * warnings.
 */
export type Scorer = {
  readonly name: string;
  readonly score: (set: ScoredSet) => number[];
};
