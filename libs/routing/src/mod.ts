export { type BackendFacts, type BackendLive, type BackendRow, backendRow } from './backend-row.js';
export type { ModelFacts } from './backend-row.js';
export { type Consumption, estimateCostUsdMicros } from './cost.js';
export { type DecisionInput, decide } from './decide.js';
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
export { findStrategy, type StrategyName, strategies, type UnknownStrategy } from './registry.js';
export { type DecisionRecord, type ReplayResult, recordOf, replay } from './replay.js';
export { randomAt, seedOf } from './seed.js';
export {
  emptySnapshot,
  findRow,
  type Snapshot,
  snapshotOf,
  withCursor,
  withoutRow,
  withRow,
} from './snapshot.js';
export type { Strategy } from './strategy.js';
