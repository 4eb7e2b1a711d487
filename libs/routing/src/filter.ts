import type { BackendRow, ModelFacts } from './backend-row.js';
import type { ExclusionReason } from './exclusion.js';
import type { RoutingJob } from './job.js';
import { type Budgets, type JobFacts, noFacts } from './job-facts.js';
import { defaultSettings, type RoutingSettings } from './settings.js';

/** One decision's question: the job, the time, and what is worked out of them once. */
export type Ask = {
  readonly job: RoutingJob;
  readonly nowMs: number;
  /** Input and the longest answer together. */
  readonly totalTokens: number;
  /** Below this quality a backend is left out; 0 = none is. */
  readonly minimumQuality: number;
  /** undefined: no budget applies, which is most often so. */
  readonly budgets: Budgets | undefined;
};

/**
 * Narrows: says of one backend whether it is left out. Pure, and never throws.
 *
 * What it says of a row without reading more of the job than its model and its kind is remembered
 * until the row changes (standing.ts).
 */
export type Filter = {
  readonly reason: ExclusionReason;
  readonly excludes: (row: BackendRow, ask: Ask) => boolean;
  /**
   * True where it reads the rest of the job, the time or a setting to judge this row.
   * @default false
   */
  readonly depends?: (row: BackendRow, ask: Ask) => boolean;
  /** False where it excludes nobody, whatever the row. @default true */
  readonly isAsked?: (ask: Ask) => boolean;
};

/** For `depends`: whatever the row. */
export const always = (): boolean => true;

/** The question of `job` at `nowMs`. */
export const askOf = (
  job: RoutingJob,
  nowMs: number,
  known: { readonly settings: RoutingSettings; readonly facts: JobFacts } = nothingKnown,
): Ask => ({
  job,
  nowMs,
  totalTokens: job.estimatedInputTokens + job.maxOutputTokens,
  minimumQuality: known.settings.minimumQuality,
  budgets: hasBudgets(known.facts.budgets) ? known.facts.budgets : undefined,
});

const nothingKnown = { settings: defaultSettings, facts: noFacts };

function hasBudgets({ job, byBackend }: Budgets): boolean {
  return job !== null || Object.keys(byBackend).length > 0;
}

/** What the backend knows of the job's model. */
export function factsOf(row: BackendRow, ask: Ask): ModelFacts | undefined {
  const found = row.models === null ? undefined : row.models[ask.job.model];
  // A caller may name a model "constructor". What the prototype then answers knows nothing of
  // kinds, and to ask so takes half the time of Object.hasOwn.
  return found?.kinds === undefined ? undefined : found;
}
