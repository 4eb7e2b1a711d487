import {
  chargeTagsOf,
  type WireAttempt,
  type WireCell,
  type WireCost,
  type WireDispatch,
  type WireFailure,
  type WireRetry,
} from '@switchyard/contracts';

/** A cell that is about to be written: it always names its job. */
export type Cell = WireCell & { readonly jobId: string };

/** A dispatch that nobody will run, with its sequence, and the cell of its job as it stands. */
export type Orphan = {
  readonly dispatch: WireDispatch;
  readonly dispatchSeq: number;
  readonly cell: WireCell | undefined;
};

/**
 * The cell as its dispatch implies it: the running one, or for an attempt that never started one
 * made of the dispatch.
 */
export function orphanCell({ dispatch, dispatchSeq, cell }: Orphan): Cell {
  const { job = {} } = dispatch;
  const jobId = job.id ?? '';
  if (cell?.status === 'running') return { ...cell, jobId };
  const attempts = cell?.attempts ?? job.retry?.attempts ?? [];
  return {
    jobId,
    account: job.account,
    kind: job.kind,
    model: job.model,
    priority: job.priority,
    userId: job.userId,
    submittedAtMs: job.submittedAtMs,
    bodyHash: job.bodyHash,
    tags: chargeTagsOf(job),
    apiKey: job.apiKey,
    attemptNo: dispatch.attemptNo ?? 1,
    backendId: dispatch.backendId,
    decisionId: dispatch.decisionId,
    dispatchSeq,
    ...(attempts.length > 0 ? { attempts } : {}),
  };
}

/** The attempt of a cell, ended. */
export const endedAttempt = (
  cell: Cell,
  failure: WireFailure | undefined,
  nowMs: number,
  cost?: WireCost,
): WireAttempt => ({
  attemptNo: cell.attemptNo,
  backendId: cell.backendId,
  executorId: cell.executorId,
  decisionId: cell.decisionId,
  startedAtMs: cell.startedAtMs,
  endedAtMs: nowMs,
  ...(failure ? { failure } : {}),
  ...(cost ? { cost } : {}),
});

/** An attempt had begun when its executor died: nobody knows whether the backend bills it. */
const costOfLost = ({ cell, dispatch }: Orphan): WireCost | undefined =>
  cell?.status === 'running' && (dispatch.estimatedCostUsdMicros ?? 0) > 0
    ? { usdMicros: '0', basis: 'unknown' }
    : undefined;

/**
 * The retrying cell that follows: the backend nobody serves is left out, but may serve again as a
 * last choice.
 */
export function retryingCell(
  orphan: Orphan,
  next: { readonly attemptNo: number; readonly failure: WireFailure; readonly nowMs: number },
): Cell {
  const before = orphanCell(orphan);
  const { backendId = '', job } = orphan.dispatch;
  const retry: WireRetry = {
    attemptNo: next.attemptNo,
    // Its executor has been dead for long: there is nothing to wait for.
    notBeforeMs: next.nowMs,
    excludedBackends: withOne(job?.retry?.excludedBackends, backendId),
    transientBackends: withOne(job?.retry?.transientBackends, backendId),
    ...(job?.retry?.parked ? { parked: job.retry.parked } : {}),
  };
  const lost = endedAttempt(before, next.failure, next.nowMs, costOfLost(orphan));
  return {
    ...before,
    status: 'retrying',
    streamed: false,
    updatedAtMs: next.nowMs,
    attempts: [...(before.attempts ?? []), lost],
    retry,
  };
}

/** The terminal cell that follows. */
export function endedCell(
  orphan: Orphan,
  end: { readonly status: string; readonly failure?: WireFailure; readonly nowMs: number },
): Cell {
  const before = orphanCell(orphan);
  const cost = costOfLost(orphan);
  const { cancelRequested: _cancelRequested, retry: _retry, ...rest } = before;
  const { status, failure, nowMs } = end;
  const { backendId, decisionId, attemptNo } = before;
  return {
    ...rest,
    status,
    updatedAtMs: nowMs,
    attempts: [...(before.attempts ?? []), endedAttempt(before, failure, nowMs, cost)],
    outcome: {
      status,
      backendId,
      decisionId,
      attemptNo,
      finishedAtMs: nowMs,
      ...(failure ? { failure } : {}),
      ...(cost ? { cost } : {}),
    },
  };
}

const withOne = (values: readonly string[] | undefined, one: string): string[] => [
  ...new Set([...(values ?? []), one]),
];
