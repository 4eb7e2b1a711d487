import {
  decode,
  isTerminal,
  type TaskRow,
  type WireCell,
  type WireDecision,
  type WireJobEvent,
} from '@switchyard/contracts';
import { endedProgress, type JobTable } from './database.js';

/** What a row keeps of a job beside its columns. */
export type JobDetail = Pick<
  TaskRow,
  | 'userId'
  | 'model'
  | 'priority'
  | 'executorId'
  | 'decisionId'
  | 'attemptNo'
  | 'attempts'
  | 'startedAtMs'
  | 'finishedAtMs'
  | 'failure'
  | 'usage'
>;

/** Steps of one attempt in order; the next attempt's come after all of them. */
const step = { waiting: 0, dispatched: 1, running: 2, retrying: 3 } as const;

/**
 * How far a job has come: a number that only grows, whatever the order in which its facts are read.
 */
const progressOf = (attemptNo: number, at: keyof typeof step): number => attemptNo * 4 + step[at];

/** The row of a state cell; undefined for one that says nothing yet. */
export function rowOfCell(cell: WireCell): JobTable | undefined {
  const { jobId, status, outcome, attemptNo = 0 } = cell;
  if (!jobId || !status || status === 'submitted') return undefined;
  const isEnded = isTerminal(status);
  const detail: JobDetail = {
    userId: cell.userId || undefined,
    model: cell.model ?? '',
    priority: cell.priority ?? 5,
    executorId: cell.executorId,
    decisionId: cell.decisionId,
    attemptNo,
    attempts: cell.attempts ?? [],
    startedAtMs: cell.attempts?.[0]?.startedAtMs ?? cell.startedAtMs,
    finishedAtMs: outcome?.finishedAtMs,
    failure: outcome?.failure,
    usage: outcome?.usage,
  };
  const cost = outcome?.costUsdMicros;
  return {
    job_id: jobId,
    account: cell.account ?? '',
    status,
    progress: isEnded ? endedProgress : progressOf(attemptNo, status as 'running' | 'retrying'),
    kind: cell.kind ?? '',
    backend_id: cell.backendId ?? null,
    submitted_at_ms: cell.submittedAtMs ?? 0,
    updated_at_ms: cell.updatedAtMs ?? 0,
    queue_wait_ms: null,
    cost_usd_micros: cost === undefined || cost === '' ? null : Number(cost),
    lost_attempts: detail.attempts.filter(({ failure }) => failure?.code === 'executor_lost')
      .length,
    detail: JSON.stringify(detail),
  };
}

/** The row of a job that waits because no slot was free. */
export function rowOfQueued(event: WireJobEvent): JobTable | undefined {
  const { jobId, account = '', kind = '', model = '', attemptNo = 1, submittedAtMs = 0 } = event;
  if (!jobId) return undefined;
  const detail = { model, priority: event.priority ?? 5, userId: event.userId || undefined };
  return {
    ...noFacts,
    job_id: jobId,
    account,
    status: 'waiting',
    progress: progressOf(attemptNo, 'waiting'),
    kind,
    submitted_at_ms: submittedAtMs,
    updated_at_ms: event.atMs ?? 0,
    detail: JSON.stringify(detail),
  };
}

/** What a decision says before its record. */
export type DecisionHead = Omit<WireDecision, 'record'>;

/**
 * The head of a decision, without reading its record: that holds everything the decision saw, a
 * kilobyte for a few backends, and comes last. Where it does not, the whole is read.
 */
export function readDecisionHead(data: Uint8Array): DecisionHead {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const end = bytes.indexOf(',"record":');
  if (end > 0) {
    try {
      return JSON.parse(`${bytes.toString('utf8', 0, end)}}`) as DecisionHead;
    } catch {
      // Not at the end of the first level, then.
    }
  }
  return decode<WireDecision>(data);
}

type RecordedJob = { readonly kind?: string; readonly model?: string; readonly priority?: number };

/** The row of a job that was sent to a backend. */
export function rowOfDecision(decision: WireDecision): JobTable | undefined {
  const { jobId, attemptNo = 1, decidedAtMs = 0, queueWaitMs = 0, decisionId } = decision;
  if (!jobId) return undefined;
  const {
    kind = '',
    model = '',
    priority = 5,
  } = (decision.record as { job?: RecordedJob } | undefined)?.job ?? {};
  return {
    ...noFacts,
    job_id: jobId,
    account: decision.account ?? '',
    status: 'dispatched',
    progress: progressOf(attemptNo, 'dispatched'),
    kind,
    backend_id: decision.backendId ?? null,
    submitted_at_ms: decidedAtMs - queueWaitMs,
    updated_at_ms: decidedAtMs,
    queue_wait_ms: queueWaitMs,
    detail: JSON.stringify({ model, priority, decisionId, attemptNo }),
  };
}

const noFacts = {
  backend_id: null,
  queue_wait_ms: null,
  cost_usd_micros: null,
  lost_attempts: 0,
};
