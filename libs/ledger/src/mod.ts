export * from './tariffs/mod.js';
export * from './reports/mod.js';
export * from './verify/mod.js';
export { type Anomaly, anomalyOf } from './alerts/anomaly.js';
export { type Alarm, alarmOfRefusal, alarmsOf } from './alarms.js';
export { type AnsweredHold, answerHold, type HoldAnswer, voidBooking } from './answer-hold.js';
export { type Balance, Balances } from './balances.js';
export { Book } from './book.js';
export { budgetOfRecord, type BudgetRecord, recordOfBudget } from './budget-record.js';
export { type Budget, BudgetBook, budgetKey, budgetProblem, limitAt } from './budgets.js';
export {
  adjustEntry,
  type BookedUsage,
  type Booking,
  type ChargeFacts,
  chargeEntries,
  type Entry,
  type EntryType,
  entryTypes,
  holdEntry,
  voidEntry,
  wasteEntry,
} from './entries.js';
export {
  type BudgetStand,
  type HoldAsk,
  type HoldMode,
  holdModes,
  type Quote,
  standOf,
  type Verdict,
} from './holds.js';
export { type OpenHold } from './open-holds.js';
export { type LateReceipt, lateWaste } from './late-waste.js';
export { isTimeZone, type Period, periodAt, type Window, windows } from './periods.js';
export {
  isSpentIn,
  type Scope,
  scopeKey,
  scopeKeysOf,
  type ScopeKind,
  scopeKinds,
} from './scopes.js';
export { type CellFacts, type Receipt, settle } from './settle.js';
