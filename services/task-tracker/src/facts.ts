import type { WireCell, WireDecision, WireJobEvent } from '@switchyard/contracts';
import { isTerminal } from '@switchyard/contracts';
import type { JobTable } from './database.js';

/** Rows out of the facts of a job's life; a later stage is never overwritten by an earlier one. */
export function rowOfCell(cell: WireCell): JobTable | undefined {
  const { jobId, status, outcome } = cell;
  if (!jobId || !status || status === 'submitted') return undefined;
  const startedAtMs = cell.startedAtMs ?? cell.attempts?.[0]?.startedAtMs;
  return {
    job_id: jobId,
    account: cell.account ?? '',
    user_id: cell.userId ?? null,
    status,
    stage: isTerminal(status) ? 3 : 2,
    kind: cell.kind ?? '',
    model: cell.model ?? '',
    priority: cell.priority ?? 0,
    backend_id: cell.backendId ?? null,
    executor_id: cell.executorId ?? null,
    decision_id: cell.decisionId ?? null,
    attempt_no: cell.attemptNo ?? 0,
    attempts: JSON.stringify(cell.attempts ?? []),
    submitted_at_ms: cell.submittedAtMs ?? 0,
    started_at_ms: startedAtMs ?? null,
    finished_at_ms: outcome?.finishedAtMs ?? null,
    updated_at_ms: cell.updatedAtMs ?? 0,
    queue_wait_ms: null,
    failure: outcome?.failure ? JSON.stringify(outcome.failure) : null,
    usage: outcome?.usage ? JSON.stringify(outcome.usage) : null,
    cost_usd_micros: outcome?.costUsdMicros === undefined ? null : Number(outcome.costUsdMicros),
  };
}

const emptyRow = {
  user_id: null,
  backend_id: null,
  executor_id: null,
  decision_id: null,
  attempts: '[]',
  started_at_ms: null,
  finished_at_ms: null,
  queue_wait_ms: null,
  failure: null,
  usage: null,
  cost_usd_micros: null,
};

/** The row of a job that waits because no slot was free. */
export function rowOfQueued(event: WireJobEvent): JobTable | undefined {
  if (!event.jobId) return undefined;
  return {
    ...emptyRow,
    job_id: event.jobId,
    account: event.account ?? '',
    status: 'waiting',
    stage: 0,
    kind: event.kind ?? '',
    model: event.model ?? '',
    priority: event.priority ?? 0,
    attempt_no: (event.attemptNo ?? 1) - 1,
    submitted_at_ms: event.submittedAtMs ?? 0,
    updated_at_ms: event.atMs ?? 0,
  };
}

type RecordedJob = { readonly kind?: string; readonly model?: string; readonly priority?: number };

/** The row of a job that was sent to a backend. */
export function rowOfDecision(decision: WireDecision): JobTable | undefined {
  if (!decision.jobId) return undefined;
  const job = (decision.record as { job?: RecordedJob } | undefined)?.job ?? {};
  const { decidedAtMs = 0, queueWaitMs = 0 } = decision;
  return {
    ...emptyRow,
    job_id: decision.jobId,
    account: decision.account ?? '',
    status: 'dispatched',
    stage: 1,
    kind: job.kind ?? '',
    model: job.model ?? '',
    priority: job.priority ?? 0,
    backend_id: decision.backendId ?? null,
    decision_id: decision.decisionId ?? null,
    attempt_no: decision.attemptNo ?? 1,
    submitted_at_ms: decidedAtMs - queueWaitMs,
    updated_at_ms: decidedAtMs,
    queue_wait_ms: queueWaitMs,
  };
}
