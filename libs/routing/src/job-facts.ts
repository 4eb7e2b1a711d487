import type { BackendId } from '@switchyard/domain';

/** What kind of question a text is; found before the text is hashed. `simple` is the default. */
export const queryTypes = [
  'research',
  'analytical',
  'instructional',
  'creative',
  'factual',
  'simple',
  'complex',
] as const;

/** One of the kinds of question. */
export type QueryType = (typeof queryTypes)[number];

/** Rewards seen of one backend for jobs like this one: 0 (bad) to 1 (good). */
export type Arm = {
  readonly samples: number;
  readonly rewardMean: number;
  readonly rewardVariance: number;
  /** What 95 of 100 such jobs do not exceed there; not given = too few were seen. */
  readonly durationMsP95?: number;
  /** How long such a job is expected to run there where it succeeds. */
  readonly durationMs?: number;
  /** How often an attempt fails there, 0 to 1, and how long it takes until then. */
  readonly faultRatio?: number;
  readonly faultMs?: number;
};

/** What was learned of jobs like this one. A backend that is not named has seen nothing. */
export type Learned = {
  /** `adaptive_learning`: 0.1 to 2 for this query type. @default 1 */
  readonly weights: Readonly<Record<BackendId, number>>;
  readonly arms: Readonly<Record<BackendId, Arm>>;
  /** How often a strategy that may explore does, 0 to 1. @default 0, never */
  readonly explorationRatio: number;
};

/** What a budget has left for this job, in USD micros. */
export type BudgetLeft = {
  /** The limit less what is posted: beyond it the job cannot be paid in this period. */
  readonly unpostedUsdMicros: number;
  /** The limit less what is posted and held: beyond it the job waits for holds to end. */
  readonly unheldUsdMicros: number;
};

/** What the budgets say of this job: the least left of every scope that it falls under. */
export type Budgets = {
  /** Of the scopes that all backends share; null = no budget. */
  readonly job: BudgetLeft | null;
  /** Of the scopes of single backends. */
  readonly byBackend: Readonly<Record<BackendId, BudgetLeft>>;
};

/**
 * What is true of one job beside its own fields, worked out before the decision and recorded with
 * it: plain data. Who gives none decides with `noFacts`.
 */
export type JobFacts = {
  /** Leading prompt tokens in each backend's prefix cache (prefix/); not named = 0. */
  readonly hitTokens: Readonly<Record<BackendId, number>>;
  readonly queryType: QueryType;
  /** Tokens that answers to such jobs have. @default the job's longest answer */
  readonly expectedOutputTokens?: number;
  readonly learned: Learned;
  readonly budgets: Budgets;
  /**
   * When each full backend is expected to have a slot free for this job, in Unix ms; not given =
   * the job may not wait where another backend could take it. See patience/.
   */
  readonly openings?: Readonly<Record<BackendId, number>>;
};

/** Nothing learned, nothing cached, no budget. */
export const noFacts: JobFacts = Object.freeze({
  hitTokens: Object.freeze({}),
  queryType: 'simple',
  learned: Object.freeze({
    weights: Object.freeze({}),
    arms: Object.freeze({}),
    explorationRatio: 0,
  }),
  budgets: Object.freeze({ job: null, byBackend: Object.freeze({}) }),
});

/** The number of `id` in `table`, or `otherwise`; what a prototype holds is no number. */
export function numberOf(
  table: Readonly<Record<BackendId, number>>,
  id: BackendId,
  otherwise: number,
): number {
  const found = table[id];
  return typeof found === 'number' ? found : otherwise;
}
