import type { JsonObject } from '@bufbuild/protobuf';
import type { AlertJson } from './generated/switchyard/v1/alert_pb.js';
import type {
  AttemptJson,
  BudgetStandJson,
  CostJson,
  FailureJson,
  OutcomeJson,
  ResultJson,
  UsageJson,
} from './generated/switchyard/v1/attempt_pb.js';
import type {
  BackendHealthJson,
  BackendRecordJson,
  CheckReportJson,
  HeartbeatJson,
  ModelRecordJson,
  ObservationJson,
  TariffJson,
} from './generated/switchyard/v1/backend_pb.js';
import type {
  ChunkJson,
  DecisionRecordJson,
  DispatchJson,
} from './generated/switchyard/v1/dispatch_pb.js';
import type { DeadLetterJson, JobEventJson } from './generated/switchyard/v1/event_pb.js';
import type { JobJson, PreferencesJson, RetryJson } from './generated/switchyard/v1/job_pb.js';
import type {
  BookingJson,
  BudgetRecordJson,
  LateReceiptJson,
} from './generated/switchyard/v1/ledger_pb.js';
import type { StateCellJson } from './generated/switchyard/v1/state_pb.js';

/**
 * The messages of the bus as they look after JSON.parse: the generated ProtoJSON types, less the
 * three strings that ProtoJSON allows for a double (our writers never send them, and the doors
 * refuse them).
 */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : string extends keyof T
    ? T
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : Exclude<T, 'NaN' | 'Infinity' | '-Infinity'>;

export type { JsonObject };
/** The messages of proto/switchyard/v1, by their short names. */
export type WireJob = Plain<JobJson>;
export type WirePreferences = Plain<PreferencesJson>;
export type WireRetry = Plain<RetryJson>;
export type WireAttempt = Plain<AttemptJson>;
export type WireFailure = Plain<FailureJson>;
export type WireBudgetStand = Plain<BudgetStandJson>;
export type WireUsage = Plain<UsageJson>;
export type WireCost = Plain<CostJson>;
export type WireResult = Plain<ResultJson>;
export type WireOutcome = Plain<OutcomeJson>;
export type WireCell = Plain<StateCellJson>;
export type WireDispatch = Plain<DispatchJson>;
export type WireChunk = Plain<ChunkJson>;
export type WireDecision = Plain<DecisionRecordJson>;
export type WireJobEvent = Plain<JobEventJson>;
export type WireDeadLetter = Plain<DeadLetterJson>;
export type WireBackend = Plain<BackendRecordJson>;
export type WireModel = Plain<ModelRecordJson>;
export type WireHealth = Plain<BackendHealthJson>;
export type WireCheckReport = Plain<CheckReportJson>;
export type WireHeartbeat = Plain<HeartbeatJson>;
export type WireObservation = Plain<ObservationJson>;
export type WireTariff = Plain<TariffJson>;
export type WireAlert = Plain<AlertJson>;
export type WireBooking = Plain<BookingJson>;
export type WireLateReceipt = Plain<LateReceiptJson>;
export type WireBudget = Plain<BudgetRecordJson>;

/** The statuses of a state cell; the last four are terminal. */
export const CellStatus = {
  submitted: 'submitted',
  running: 'running',
  retrying: 'retrying',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'canceled',
  expired: 'expired',
} as const;
export type CellStatus = (typeof CellStatus)[keyof typeof CellStatus];

/** True for a status that never changes again. */
export const isTerminal = (status: string | undefined): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'canceled' || status === 'expired';
