import {
  decodeUsdMicros,
  isTerminal,
  type JsonObject,
  type Place,
  type TaskRow,
  type WireAttempt,
  type WireCell,
  type WireFailure,
  type WireUsage,
} from '@switchyard/contracts';
import { isFailureCode } from '@switchyard/domain';
import { budgetStandView } from './money/budget-stand.js';
import { taskStatusOf } from './task-words.js';

/** What both the state cell and the tracker's row say of a job, in our words. */
type Facts = {
  readonly jobId: string;
  readonly status: string | undefined;
  readonly account?: string;
  readonly userId?: string;
  readonly kind?: string;
  readonly model?: string;
  readonly priority?: number;
  readonly backendId?: string;
  readonly executorId?: string;
  readonly attemptNo?: number;
  /** Runs that were no attempts. */
  readonly parked?: number;
  readonly attempts?: readonly WireAttempt[];
  readonly submittedAtMs?: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly updatedAtMs?: number;
  readonly failure?: WireFailure;
  readonly usage?: WireUsage;
  readonly costUsdMicros?: number;
};

/** What is known of a task beside its state. */
export type TaskExtras = {
  /** The complete answer of a succeeded job. */
  readonly body?: JsonObject;
  readonly result?: NonNullable<WireCell['outcome']>['result'];
  readonly attemptsMax: number;
  /** Where it stands in line, for one that waits. */
  readonly place?: Place | undefined;
};

/** A task as the tracker's projection tells it. */
export const taskOfRow = (row: TaskRow, extras: TaskExtras) => taskOf(row, extras);

/** A task as its state cell tells it: the truth. */
export function taskOfCell(cell: WireCell & { readonly jobId: string }, extras: TaskExtras) {
  const { outcome } = cell;
  const facts: Facts = {
    ...cell,
    status: cell.status,
    backendId: outcome?.backendId || cell.backendId,
    attemptNo: outcome?.attemptNo || cell.attemptNo,
    finishedAtMs: outcome?.finishedAtMs,
    failure: outcome?.failure,
    usage: outcome?.usage,
    costUsdMicros: decodeUsdMicros(outcome?.costUsdMicros),
  };
  return taskOf(facts, { ...extras, result: outcome?.result });
}

function taskOf(facts: Facts, extras: TaskExtras) {
  const status = taskStatusOf(facts.status);
  const attempts = facts.attempts ?? [];
  const isEnded = isTerminal(facts.status);
  return {
    task_id: facts.jobId,
    status,
    node_id: facts.executorId || null,
    backend: facts.backendId || null,
    kind: facts.kind || null,
    model: facts.model || null,
    user_id: facts.userId || null,
    priority: facts.priority ?? 5,
    retry_count: Math.max(0, (facts.attemptNo ?? 0) - 1 - (facts.parked ?? 0)),
    max_attempts: extras.attemptsMax,
    redistribution_count: attempts.filter(({ failure }) => failure?.code === 'executor_lost')
      .length,
    queue_position: extras.place?.position ?? null,
    estimated_wait_ms: extras.place?.waitMs ?? null,
    attempts: attempts.map(attemptOf),
    progress: status === 'completed' ? 100 : 0,
    result: status === 'completed' ? resultOf(facts, extras) : null,
    error: isEnded && status !== 'completed' ? errorOf(facts) : null,
    cost: facts.costUsdMicros === undefined ? null : facts.costUsdMicros / 1e6,
    created_at: instant(facts.submittedAtMs),
    started_at: instant(facts.startedAtMs),
    completed_at: instant(facts.finishedAtMs),
    last_updated: instant(facts.updatedAtMs),
  };
}

const attemptOf = ({ attemptNo, backendId, startedAtMs, endedAtMs, failure }: WireAttempt) => ({
  n: attemptNo ?? 1,
  backend: backendId || null,
  startedAt: instant(startedAtMs),
  endedAt: instant(endedAtMs),
  ...(failure ? { error: { code: failure.code, message: failure.message } } : {}),
});

/**
 * The one place where `expired` shows: its code says whether the deadline passed or no backend
 * could be had.
 */
function errorOf({ status, failure }: Facts) {
  const fallback =
    status === 'expired' ? 'deadline_exceeded' : status === 'canceled' ? 'cancelled' : 'internal';
  const code = isFailureCode(failure?.code) ? failure?.code : fallback;
  const message = failure?.message || `the job ended as ${status}`;
  return failure?.budget
    ? { code, message, budget: budgetStandView(failure.budget) }
    : { code, message };
}

function resultOf(facts: Facts, { body, result }: TaskExtras) {
  const { usage, startedAtMs, finishedAtMs } = facts;
  return {
    response: body === undefined ? null : responseOf(body),
    tokens_used: (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0),
    processing_time_ms:
      startedAtMs && finishedAtMs ? Math.max(0, finishedAtMs - startedAtMs) : null,
    metadata: {
      model: result?.backendModel || facts.model || null,
      finish_reason: result?.finishReason || null,
      input_tokens: usage?.inputTokens ?? 0,
      output_tokens: usage?.outputTokens ?? 0,
      usage_basis: usage?.basis || null,
      ttft_ms: result?.ttftMs ?? null,
    },
    ...(body === undefined ? {} : { body }),
  };
}

type AnyAnswer = {
  readonly choices?: readonly {
    readonly message?: { readonly content?: unknown };
    readonly text?: unknown;
  }[];
  readonly data?: readonly { readonly embedding?: unknown }[];
};

/** What people want of an answer: its text, or its vectors. */
function responseOf(body: JsonObject): unknown {
  const { choices, data } = body as AnyAnswer;
  const choice = choices?.[0];
  if (choice) return choice.message?.content ?? choice.text ?? null;
  return data?.map(({ embedding }) => embedding) ?? null;
}

const instant = (atMs: number | undefined): string | null =>
  atMs ? new Date(atMs).toISOString() : null;
