import {
  encode,
  encodeDeadLetter,
  subjects,
  type WireCost,
  type WireDispatch,
  type WireFailure,
  type WireJob,
  type WireOutcome,
} from '@switchyard/contracts';
import { AppError, type FailureCode, priorityClassOf, type Usage } from '@switchyard/domain';
import { afterFailure, parking } from '@switchyard/jobs';
import type { Attempt } from './attempt.js';
import { type Cell, endedAttempt, outcomeCell } from './cell-forms.js';
import type { ExecutorContext } from './context.js';
import { costOfLost, storeLateReceipt } from './late-receipt.js';
import { publishSurely, writeSurely } from './sure-write.js';

/** How a failed attempt is told apart: what failed, and what it had used by then. */
export type Failed = {
  readonly code: FailureCode;
  readonly message: string;
  readonly retryAfterMs?: number;
  readonly usage?: Usage;
  readonly cost?: WireCost;
  readonly result?: WireOutcome['result'];
  /** True: the attempt ended because this process stops, so it costs the job nothing. */
  readonly isDraining?: boolean;
};

/**
 * Ends attempts: outcome or retry into the cell, then everything that tells of it. Each step may be
 * repeated.
 */
export class Ending {
  readonly #context: ExecutorContext;

  constructor(context: ExecutorContext) {
    this.#context = context;
  }

  /**
   * Writes the outcome of an attempt and tells it: canceled where that was asked meanwhile. A
   * refusal is obeyed: where another has the job, the outcome is dropped.
   */
  async conclude(
    attempt: Attempt,
    outcome: WireOutcome & { readonly status: string },
  ): Promise<void> {
    attempt.isSettling = true;
    const told = attempt.cell.cancelRequested ? canceled(outcome) : outcome;
    const cell = outcomeCell(attempt.cell, told, this.#context.now());
    const written = await writeSurely(this.#context, cell, attempt.cellSeq);
    if (written.kind === 'written') {
      this.#context.faultPoint('executor.outcomeWritten');
      this.tellOutcome(cell);
      return;
    }
    const { current } = written;
    const isStillOurs =
      current?.cell.status === 'running' &&
      current.cell.attemptNo === attempt.attemptNo &&
      current.cell.executorId === this.#context.executorId;
    if (!current || !isStillOurs) {
      this.#context.log.info(
        { jobId: cell.jobId, attemptNo: attempt.attemptNo },
        'superseded attempt dropped',
      );
      attempt.isOutrun = true;
      await storeLateReceipt(this.#context, attempt, outcome, current);
      return;
    }
    attempt.wrote(current.cell as Cell, current.seq);
    await this.conclude(attempt, outcome);
  }

  /**
   * Gives a running cell that has no attempt under way its outcome: takeovers that must not run
   * again.
   */
  async concludeCell(
    cell: Cell,
    seq: number,
    failure: WireFailure | undefined,
    dispatch: WireDispatch,
  ): Promise<void> {
    const nowMs = this.#context.now();
    const status = failure ? 'failed' : 'canceled';
    if (failure) await this.#deadLetter(cell, failure, nowMs, dispatch.job);
    const outcome = { status, ...(failure ? { failure } : {}), cost: costOfLost(dispatch) };
    const ended = outcomeCell(cell, outcome, nowMs);
    const written = await writeSurely(this.#context, ended, seq);
    if (written.kind === 'written') this.tellOutcome(ended);
  }

  /** Ends a failed attempt: another one where the job may have it, else the outcome. */
  async fail(attempt: Attempt, failed: Failed): Promise<void> {
    const { cell, job } = attempt;
    if (cell.cancelRequested) return this.conclude(attempt, canceled(failed));
    const nowMs = this.#context.now();
    const parkedUntilMs = parkedUntil(attempt, failed, nowMs);
    if (parkedUntilMs !== undefined) return this.#park(attempt, failed, parkedUntilMs);
    const { attemptsMax, delaysMs } = this.#context.retry;
    const policy = failed.isDraining
      ? { attemptsMax: Number.MAX_SAFE_INTEGER, delaysMs: [0] }
      : { attemptsMax: attemptsMax + (job.retry?.parked ?? 0), delaysMs };
    const next = afterFailure(
      {
        attemptNo: attempt.attemptNo,
        kind: cell.kind ?? '',
        code: failed.code,
        isStreamed: cell.streamed === true,
        resume: job.resume,
        deadlineAtMs: job.deadlineAtMs,
      },
      policy,
      nowMs,
    );
    const failure = {
      code: failed.code,
      message: failed.message,
      retryAfterMs: failed.retryAfterMs,
    };
    if (next.kind === 'retry') {
      await this.#retry(attempt, next, failed);
      return;
    }
    const final =
      next.code === failed.code ? failure : { code: next.code, message: failed.message };
    await this.#deadLetter(cell, final, nowMs, job);
    const status = next.code === 'deadline_exceeded' ? 'expired' : 'failed';
    await this.conclude(attempt, {
      status,
      failure: final,
      usage: failed.usage,
      result: failed.result,
      costUsdMicros: failed.cost?.usdMicros,
      cost: failed.cost,
    });
  }

  /** Publishes the retry that a `retrying` cell promises. */
  async sendRetry(
    cell: Cell,
    seq: number,
    attempt: { readonly dispatch: WireDispatch; readonly traceparent: string | undefined },
  ): Promise<void> {
    const { job = {}, submissionSeq } = attempt.dispatch;
    const retry = {
      ...cell.retry,
      submissionSeq: job.retry?.submissionSeq ?? submissionSeq,
      attempts: cell.attempts,
    };
    const again = encode({ ...job, retry, cellSeq: seq });
    const subject = subjects.retry(
      priorityClassOf(job.priority ?? 5),
      job.kind ?? '',
      job.account ?? '',
    );
    const messageId = `${cell.jobId}.${cell.retry?.attemptNo}`;
    await publishSurely(this.#context, subject, again, {
      messageId,
      traceparent: attempt.traceparent,
    });
    this.#context.faultPoint('executor.retryPublished');
  }

  /** Tells an outcome to whoever waits; the cell is the truth, so this may be repeated. */
  tellOutcome(cell: Cell): void {
    this.#context.bus.emitMessageNear(subjects.result(cell.jobId), cell);
  }

  /** The job goes back in line as if it had not been sent: the backend takes nothing for a time. */
  async #park(attempt: Attempt, failed: Failed, untilMs: number): Promise<void> {
    const { cell, dispatch } = attempt;
    const before = dispatch.job?.retry;
    const retry = {
      ...before,
      attempts: undefined,
      attemptNo: attempt.attemptNo + 1,
      notBeforeMs: 0,
      parked: (before?.parked ?? 0) + 1,
      parkedBackend: cell.backendId,
      parkedUntilMs: untilMs,
    };
    const attempts = failed.cost ? this.#withEnded(attempt, failed) : cell.attempts;
    await this.#goBack(attempt, { retry, attempts, failed });
  }

  async #retry(
    attempt: Attempt,
    next: {
      readonly attemptNo: number;
      readonly notBeforeMs: number;
      readonly isTransient: boolean;
    },
    failed: Failed,
  ): Promise<void> {
    const { cell, dispatch } = attempt;
    const { isDraining = false } = failed;
    const backendId = cell.backendId ?? '';
    const before = dispatch.job?.retry;
    const excluded = before?.excludedBackends ?? [];
    const transient = before?.transientBackends ?? [];
    const retry = {
      attemptNo: next.attemptNo,
      notBeforeMs: next.notBeforeMs,
      excludedBackends: isDraining ? excluded : unique([...excluded, backendId]),
      transientBackends:
        next.isTransient && !isDraining ? unique([...transient, backendId]) : transient,
      ...(before?.parked ? { parked: before.parked } : {}),
    };
    const attempts = this.#withEnded(attempt, failed);
    await this.#goBack(attempt, { retry, attempts, failed });
  }

  /** The attempts that ended, this one too. */
  #withEnded({ cell }: Attempt, failed: Failed) {
    const { code, message, retryAfterMs, usage, cost } = failed;
    const failure = { code, message, retryAfterMs };
    const ended = endedAttempt(cell, failure, this.#context.now(), { usage, cost });
    return [...(cell.attempts ?? []), ended];
  }

  /** Writes and publishes what comes next, and tells of it. */
  async #goBack(
    attempt: Attempt,
    { retry, attempts, failed }: Pick<Cell, 'retry' | 'attempts'> & { readonly failed: Failed },
  ): Promise<void> {
    attempt.isSettling = true;
    const { cell, dispatch } = attempt;
    const backendId = cell.backendId ?? '';
    const nowMs = this.#context.now();
    const retrying: Cell = {
      ...cell,
      status: 'retrying',
      streamed: false,
      updatedAtMs: nowMs,
      attempts,
      retry,
    };
    const written = await writeSurely(this.#context, retrying, attempt.cellSeq);
    if (written.kind === 'refused') {
      const isCanceled = written.current?.cell.cancelRequested === true;
      if (!isCanceled || !written.current) {
        attempt.isOutrun = true;
        await storeLateReceipt(this.#context, attempt, failed, written.current);
        return;
      }
      attempt.wrote(written.current.cell as Cell, written.current.seq);
      await this.conclude(attempt, canceled(failed));
      return;
    }
    this.#context.faultPoint('executor.retryingWritten');
    this.#context.metrics.retried(backendId);
    await this.sendRetry(retrying, written.seq, {
      dispatch,
      traceparent: attempt.span.traceparent,
    });
    const { jobId, account } = cell;
    const event = {
      jobId,
      account,
      event: 'retried',
      atMs: nowMs,
      attemptNo: retry?.attemptNo,
      backendId,
      // Without its message: the backend's words may repeat the prompt.
      failure: { code: failed.code, retryAfterMs: failed.retryAfterMs },
    };
    this.#context.bus.tell(subjects.jobEvent('retried'), event);
  }

  async #deadLetter(
    cell: Cell,
    failure: WireFailure,
    nowMs: number,
    job: WireJob | undefined,
  ): Promise<void> {
    const { jobId, account } = cell;
    const attempts = [...(cell.attempts ?? []), endedAttempt(cell, failure, nowMs)];
    await publishSurely(
      this.#context,
      subjects.dead(jobId),
      encodeDeadLetter({ jobId, account, failure, attempts, atMs: nowMs, job }),
      { messageId: subjects.dead(jobId) },
    );
  }
}

/**
 * Until when a job waits that its backend refused for its rate; undefined where it may not wait so
 * long, or something else failed.
 */
function parkedUntil({ cell, job }: Attempt, failed: Failed, nowMs: number): number | undefined {
  if (failed.code !== 'rate_limited' || cell.streamed) return undefined;
  const { retryAfterMs } = failed;
  const { deadlineAtMs, queueTimeoutMs, submittedAtMs = nowMs } = job;
  // Without one of its own the job waits as long as its router lets it.
  const waitUntilMs = queueTimeoutMs ? submittedAtMs + queueTimeoutMs : Number.POSITIVE_INFINITY;
  const parked = parking({ retryAfterMs, deadlineAtMs, waitUntilMs, hasOther: false }, nowMs);
  return parked.kind === 'parked' ? parked.notBeforeMs : undefined;
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

const canceled = ({
  usage,
  cost,
  costUsdMicros = cost?.usdMicros,
}: Pick<WireOutcome, 'usage' | 'cost' | 'costUsdMicros'>) => ({
  status: 'canceled',
  usage,
  costUsdMicros,
  cost,
});

/** The abort reasons an attempt knows. */
export const superseded = () => new AppError('conflict', 'another attempt of this job counts');
export const canceledByCaller = () => new AppError('cancelled', 'the caller cancelled the job');
