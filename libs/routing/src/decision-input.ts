import type { RoutingJob } from './job.js';
import type { JobFacts } from './job-facts.js';
import type { Snapshot } from './snapshot.js';
import type { Strategy } from './strategy.js';

/** All that a decision depends on. */
export type DecisionInput = {
  readonly job: RoutingJob;
  readonly snapshot: Snapshot;
  readonly strategy: Strategy;
  readonly nowMs: number;
  /** `seedOf(job.id, job.attemptNo)`. */
  readonly seed: number;
  /** What is true of this job beside its own fields. @default noFacts */
  readonly facts?: JobFacts;
};
