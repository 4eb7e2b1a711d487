import type {
  WireAttempt,
  WireCell,
  WireDispatch,
  WireFailure,
  WireJob,
  WireOutcome,
} from '@switchyard/contracts';

/** A cell that is about to be written: it always names its job. */
export type Cell = WireCell & { readonly jobId: string };

/** What every state of the cell says of its job. */
export const identityOf = (job: WireJob) => ({
  jobId: job.id ?? '',
  account: job.account,
  kind: job.kind,
  model: job.model,
  priority: job.priority,
  userId: job.userId,
  submittedAtMs: job.submittedAtMs,
  bodyHash: job.bodyHash,
});

/** Who runs an attempt. */
export type Running = {
  readonly dispatch: WireDispatch;
  readonly dispatchSeq: number;
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
  const { job } = dispatch;
  return {
    ...identityOf(job ?? {}),
    status: 'running',
    updatedAtMs: nowMs,
    attemptNo,
    executorId,
    backendId: dispatch.backendId,
    decisionId: dispatch.decisionId,
    dispatchSeq,
    startedAtMs: nowMs,
    ...(attempts.length > 0 ? { attempts: [...attempts] } : {}),
  };
}

/** The running attempt of a cell, ended. */
export const endedAttempt = (
  cell: WireCell,
  failure: WireFailure | undefined,
  nowMs: number,
): WireAttempt => ({
  attemptNo: cell.attemptNo,
  backendId: cell.backendId,
  executorId: cell.executorId,
  decisionId: cell.decisionId,
  startedAtMs: cell.startedAtMs,
  endedAtMs: nowMs,
  ...(failure ? { failure } : {}),
});

/** The terminal cell that follows `cell`. */
export function outcomeCell(
  cell: Cell,
  outcome: WireOutcome & { readonly status: string },
  nowMs: number,
): Cell {
  const attempt = endedAttempt(cell, outcome.failure, nowMs);
  const { cancelRequested: _cancelRequested, retry: _retry, ...rest } = cell;
  return {
    ...rest,
    status: outcome.status,
    updatedAtMs: nowMs,
    attempts: [...(cell.attempts ?? []), { ...attempt, usage: outcome.usage }],
    outcome: {
      ...outcome,
      backendId: cell.backendId,
      decisionId: cell.decisionId,
      attemptNo: cell.attemptNo,
      finishedAtMs: nowMs,
    },
  };
}
