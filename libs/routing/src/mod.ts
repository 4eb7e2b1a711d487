/**
 * The routing decision and all that it reads.
 *
 * What `decide` is given, and who fills it:
 *
 * - `snapshot.backends[]`, a `BackendRow` each: configuration, catalogue and live state by
 *   `backendRow(backend, catalogue, live)`. `row.stats` (`BackendStats`) holds what only some
 *   strategies read: speeds, errors, quality, use, outstanding work, and `stats.models` by model.
 *   It is one object shared by reference, `unknownStats` where nothing is known; change it by
 *   `backendStats(changed, row.stats)` and `withRow`.
 * - `snapshot.cursors` and `snapshot.turns`, for each pool: what its last route left behind. After
 *   a route fold `withCursor(snapshot, kind, backendId)`, and where the decision has `nextTurns`,
 *   `withTurns(snapshot, kind, nextTurns)`. A dispatch that failed is not folded.
 * - `snapshot.settings` (`RoutingSettings`): what the operator may change; `withSettings`.
 * - `job` (`RoutingJob`): what the job says of itself.
 * - `facts` (`JobFacts`, `noFacts` where not given): what is true of this job beside that:
 *   `hitTokens` by backend (prefix/), `queryType` and `learned` (learning/), `budgets` (ledger).
 * - `strategy`, `nowMs`, `seed`.
 *
 * All of it but the strategy's code is plain data and is in `recordOf`, so that `replay` makes the
 * same decision again, byte for byte.
 */
export {
  type BackendFacts,
  type BackendLive,
  type BackendRow,
  backendRow,
  type ModelFacts,
  type RowTariff,
  tariffFor,
} from './backend-row.js';
export {
  type BackendStats,
  backendStats,
  type ModelSpeed,
  speedOf,
  unknownSpeed,
  unknownStats,
} from './backend-stats.js';
export { type Consumption, estimateCostUsdMicros } from './cost.js';
export { decide } from './decide.js';
export type { DecisionInput } from './decision-input.js';
export type {
  Candidates,
  Decision,
  DecisionBasis,
  Excluded,
  RejectDecision,
  RouteDecision,
  RouteReason,
  WaitDecision,
} from './decision.js';
export type { RefusalReason } from './empty-set.js';
export { type ExclusionReason, exclusions } from './exclusion.js';
export { expectedDurationMs } from './expected-duration.js';
export { explain } from './explain.js';
export { noPreferences, type Preferences, type RoutingJob } from './job.js';
export {
  type Arm,
  type BudgetLeft,
  type Budgets,
  type JobFacts,
  type Learned,
  noFacts,
  type QueryType,
  queryTypes,
} from './job-facts.js';
export type { LearnedWeight } from './learning/adaptive-weights.js';
export {
  type Availability,
  availabilityRatioAt,
  becameUsable,
  firstSeen,
} from './learning/availability.js';
export type { ClassSummary } from './learning/class-record.js';
export type { Choice } from './learning/duration-model.js';
export { jobClassOf } from './learning/job-class.js';
export type { LearnedState } from './learning/learned-state.js';
export { type LearnableJob, Learner, type LearnerOptions } from './learning/learner.js';
export type { Observation } from './learning/observation.js';
export { type AnswerRating, qualityOf } from './learning/quality-history.js';
export { queryTypeOf } from './learning/query-type.js';
export { questionOf } from './learning/question.js';
export { type Assigned, AssignedWork, type Assignment } from './prefix/assigned-work.js';
export { keysOfText, keyTextOf } from './prefix/key-text.js';
export { type KeyOptions, PromptKeyer, type PromptKeys, type Tokenizer } from './prefix/keys.js';
export { prefillMsOf } from './prefix/prefill.js';
export { promptPartsOf } from './prefix/prompt-text.js';
export {
  type PrefixMode,
  type PrefixState,
  PrefixView,
  type PrefixViewOptions,
  prefixModes,
  type ReportedBlocks,
} from './prefix/view.js';
export {
  findServedStrategy,
  findStrategy,
  servedStrategies,
  type StrategyName,
  strategies,
  type UnknownStrategy,
} from './registry.js';
export { type DecisionRecord, type ReplayResult, recordOf, replay } from './replay.js';
export { Patience } from './patience/patience.js';
export { type Estimate, type EstimateAsk, estimate } from './planning/estimate.js';
export { type PlanChoice, planChoices } from './planning/plan-choice.js';
export {
  type Plan,
  type PlanAsk,
  type PlanShare,
  recommend,
  shareReasons,
} from './planning/recommend.js';
export {
  type PreferenceWishes,
  readWishes,
  resolvePreferences,
  type WishFault,
  withWishes,
} from './preferences/resolve.js';
export { type Quote, type QuoteCandidate, quoteOf } from './quote.js';
export { pagesOf, withoutRows, withRows } from './record-pages.js';
export { randomAt, seedOf } from './seed.js';
export { defaultSettings, type RoutingSettings, type ScorerWeights } from './settings.js';
export {
  emptySnapshot,
  findRow,
  type Snapshot,
  snapshotOf,
  type Turns,
  withCursor,
  withoutRow,
  withRow,
  withSettings,
  withTurns,
} from './snapshot.js';
export type { Reading, Strategy } from './strategy.js';
export type { Dialect } from './strategy-names.js';
export { type Tally, type WhatIf, whatIf } from './what-if.js';
