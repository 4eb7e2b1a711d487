import {
  chargeTagsOf,
  type WireAttempt,
  type WireCell,
  type WireDispatch,
  type WireFailure,
  type WireOutcome,
} from '@switchyard/contracts';

/** A cell that is about to be written: it always names its job. */
export type Cell = WireCell & { readonly jobId: string };

/** Who runs an attempt. */
export type Running = {
  readonly dispatch: WireDispatch;
  /** undefined: it is claimed before it has one. */
  readonly dispatchSeq: number | undefined;
  readonly attemptNo: number;
  readonly executorId: string;
  readonly nowMs: number;
  /** Attempts that ended before this one. */
  readonly attempts: readonly WireAttempt[];
};

/** The cell of a running attempt. */
export function runningCell({
  dispatch,
  dispatchSeq,
  attemptNo,
  executorId,
  nowMs,
  attempts,
}: Running): Cell {
  const { id, account, kind, model, priority, userId, submittedAtMs, bodyHash, apiKey } =
    dispatch.job ?? {};
  return {
    jobId: id ?? '',
    account,
    kind,
    model,
    priority,
    userId,
    submittedAtMs,
    bodyHash,
    status: 'running',
    updatedAtMs: nowMs,
    attemptNo,
    executorId,
    backendId: dispatch.backendId,
    decisionId: dispatch.decisionId,
    dispatchSeq,
    dispatchId: dispatch.dispatchId,
    startedAtMs: nowMs,
    attempts: attempts.length > 0 ? [...attempts] : undefined,
    parked: dispatch.job?.retry?.parked,
    tags: chargeTagsOf(dispatch.job ?? {}),
    apiKey,
  };
}

/**
 * The cell of a job that was claimed for a dispatch which then was not stored: as if it were new.
 */
export const submittedCell = (running: Cell, nowMs: number): Cell => ({
  ...running,
  status: 'submitted',
  updatedAtMs: nowMs,
  attemptNo: undefined,
  executorId: undefined,
  backendId: undefined,
  decisionId: undefined,
  dispatchId: undefined,
  startedAtMs: undefined,
});

/** The running attempt of a cell, ended. */
export const endedAttempt = (
  cell: WireCell,
  failure: WireFailure | undefined,
  nowMs: number,
  spent: Pick<WireAttempt, 'usage' | 'cost'> = {},
): WireAttempt => ({
  attemptNo: cell.attemptNo,
  backendId: cell.backendId,
  executorId: cell.executorId,
  decisionId: cell.decisionId,
  startedAtMs: cell.startedAtMs,
  endedAtMs: nowMs,
  ...(failure ? { failure } : {}),
  usage: spent.usage,
  cost: spent.cost,
});

/** The terminal cell that follows `cell`. */
export function outcomeCell(
  cell: Cell,
  outcome: WireOutcome & { readonly status: string },
  nowMs: number,
): Cell {
  const attempt = endedAttempt(cell, outcome.failure, nowMs, outcome);
  // Field by field: copying a cell and then overwriting it cost 20 us, more than encoding it.
  const { jobId, account, kind, model, priority, userId, submittedAtMs, bodyHash } = cell;
  const { attemptNo, executorId, backendId, decisionId, dispatchSeq, dispatchId } = cell;
  const { status, failure, result, usage, costUsdMicros, cost } = outcome;
  const { tags, apiKey } = cell;
  return {
    jobId,
    account,
    kind,
    model,
    priority,
    userId,
    submittedAtMs,
    bodyHash,
    tags,
    apiKey,
    status,
    updatedAtMs: nowMs,
    attemptNo,
    executorId,
    backendId,
    decisionId,
    dispatchSeq,
    dispatchId,
    parked: cell.parked,
    providerJobId: cell.providerJobId,
    streamed: cell.streamed,
    startedAtMs: cell.startedAtMs,
    attempts: [...(cell.attempts ?? []), attempt],
    outcome: {
      status,
      failure,
      result,
      usage,
      costUsdMicros,
      cost,
      backendId,
      decisionId,
      attemptNo,
      finishedAtMs: nowMs,
    },
  };
}
