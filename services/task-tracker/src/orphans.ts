import type { Bus, ReadCell, StoredMessage } from '@switchyard/bus';
import {
  decode,
  encode,
  patterns,
  subjects,
  type WireCell,
  type WireDispatch,
  type WireHeartbeat,
} from '@switchyard/contracts';
import { AppError, type Log, priorityClassOf, type ReachFaultPoint } from '@switchyard/domain';
import { afterFailure, type RetryPolicy } from '@switchyard/jobs';

export type OrphansDeps = {
  readonly bus: Bus;
  readonly log: Log;
  readonly now: () => number;
  readonly faultPoint: ReachFaultPoint;
  readonly retry: RetryPolicy;
  readonly instanceId: string;
};

const lookEveryMs = 2_000;
/** An executor not heard of for this long is dead. */
const deadAfterMs = 30_000;
/** Repairs in a second at most. */
const perLookMax = 100;

type Cell = WireCell & { readonly jobId: string };

/**
 * Sends back the jobs of backends that have no live executor: their dispatches would wait for ever.
 * The dispatch's own stream says which they are, the cell what may be done; each write is compare-and-set, so a second
 * tracker or an executor that comes back does no harm.
 */
export class Orphans {
  readonly #deps: OrphansDeps;
  readonly #heardAtMs = new Map<string, number>();
  readonly #startedAtMs: number;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: () => void = () => {};
  #looking: Promise<void> = Promise.resolve();

  constructor(deps: OrphansDeps) {
    this.#deps = deps;
    this.#startedAtMs = deps.now();
  }

  start(): void {
    this.#stopListening = this.#deps.bus.listen(patterns.heartbeats, (_subject, data) => {
      const { backends = [], state } = decode<WireHeartbeat>(data);
      if (state === 'draining') return;
      for (const backendId of backends) this.#heardAtMs.set(backendId, this.#deps.now());
    });
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look()).catch((cause) => this.#warn(cause));
    }, lookEveryMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopListening();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { bus } = this.#deps;
    const occupied = Object.keys(await bus.subjectsIn('DISPATCH', 'dispatch.>'));
    let repaired = 0;
    for (const subject of occupied) {
      const backendId = subject.split('.')[1] ?? '';
      if (this.#isServed(backendId)) continue;
      const dispatch = await bus.readLast('DISPATCH', subject);
      if (!dispatch) continue;
      await this.#repair(dispatch);
      repaired += 1;
      if (repaired >= perLookMax) return;
    }
  }

  /** Since this tracker started, everybody gets the time that a living executor needs to be heard. */
  #isServed(backendId: string): boolean {
    const heardAtMs = this.#heardAtMs.get(backendId) ?? this.#startedAtMs;
    return this.#deps.now() - heardAtMs <= deadAfterMs;
  }

  async #repair(message: StoredMessage): Promise<void> {
    const { bus } = this.#deps;
    const dispatch = decode<WireDispatch>(message.data);
    const jobId = dispatch.job?.id ?? '';
    const current = await bus.cells.read(jobId);
    const isDone = current !== undefined && !this.#mayRepair(current.cell, dispatch, message.seq);
    if (isDone || (await this.#sendBack(dispatch, message.seq, current))) {
      await bus.deleteSeq('DISPATCH', message.seq);
    }
  }

  /** The cell still stands where this dispatch left it: before its start, or running it. */
  #mayRepair(cell: WireCell, dispatch: WireDispatch, seq: number): boolean {
    if (cell.status === 'submitted') return dispatch.attemptNo === 1;
    if (cell.status === 'retrying') return cell.dispatchSeq === seq || cell.retry?.attemptNo === dispatch.attemptNo;
    return cell.status === 'running' && cell.dispatchSeq === seq;
  }

  /** Writes what follows into the cell and publishes the retry; false where somebody else moved the cell meanwhile. */
  async #sendBack(dispatch: WireDispatch, seq: number, current: ReadCell | undefined): Promise<boolean> {
    const { now, log } = this.#deps;
    const nowMs = now();
    const before = cellOf(dispatch, seq, current, nowMs);
    if (current?.cell.status === 'retrying' && current.cell.dispatchSeq === seq) {
      await this.#publishRetry(dispatch, before, current.seq);
      return true;
    }
    if (before.cancelRequested) return this.#end(before, current?.seq ?? 0, 'canceled', undefined, nowMs);
    const attemptNo = before.attemptNo ?? dispatch.attemptNo ?? 1;
    const lost = { code: 'executor_lost' as const, message: 'no executor of this backend is alive' };
    const next = afterFailure(
      {
        attemptNo,
        kind: before.kind ?? '',
        code: lost.code,
        isStreamed: before.streamed === true,
        resume: dispatch.job?.resume,
        deadlineAtMs: dispatch.job?.deadlineAtMs,
      },
      this.#deps.retry,
      nowMs,
    );
    if (next.kind === 'giveUp') {
      const status = next.code === 'deadline_exceeded' ? 'expired' : 'failed';
      return this.#end(before, current?.seq ?? 0, status, { code: next.code, message: lost.message }, nowMs);
    }
    const excluded = dispatch.job?.retry?.excludedBackends ?? [];
    const backendId = dispatch.backendId ?? '';
    const retrying: Cell = {
      ...before,
      status: 'retrying',
      updatedAtMs: nowMs,
      dispatchSeq: seq,
      attempts: [...(before.attempts ?? []), attemptOf(before, lost, nowMs)],
      retry: {
        attemptNo: next.attemptNo,
        notBeforeMs: nowMs,
        excludedBackends: [...new Set([...excluded, backendId])],
        transientBackends: [...new Set([...(dispatch.job?.retry?.transientBackends ?? []), backendId])],
      },
    };
    const written = await this.#deps.bus.cells.write(retrying, current?.seq ?? 0);
    if (written.kind === 'refused') return false;
    this.#deps.faultPoint('tracker.retryingWritten');
    log.warn({ jobId: before.jobId, backendId }, 'orphan sent back');
    await this.#publishRetry(dispatch, retrying, written.seq);
    return true;
  }

  async #publishRetry(dispatch: WireDispatch, cell: Cell, seq: number): Promise<void> {
    const { job = {}, submissionSeq } = dispatch;
    const retry = { ...cell.retry, submissionSeq: job.retry?.submissionSeq ?? submissionSeq, attempts: cell.attempts };
    const subject = subjects.retry(priorityClassOf(job.priority ?? 5), job.kind ?? '', job.account ?? '');
    const messageId = `${cell.jobId}.${cell.retry?.attemptNo}`;
    const stored = await this.#deps.bus.publish(subject, encode({ ...job, retry, cellSeq: seq }), { messageId });
    if (stored.kind !== 'stored') throw new AppError('unavailable', 'the retry was not stored');
    this.#deps.faultPoint('tracker.retryPublished');
  }

  async #end(
    cell: Cell,
    seq: number,
    status: 'failed' | 'expired' | 'canceled',
    failure: { readonly code: string; readonly message: string } | undefined,
    nowMs: number,
  ): Promise<boolean> {
    const { bus } = this.#deps;
    const { jobId, account } = cell;
    const attempts = [...(cell.attempts ?? []), attemptOf(cell, failure, nowMs)];
    if (failure) {
      const letter = encode({ jobId, account, failure, attempts, atMs: nowMs });
      await bus.publish(subjects.dead(jobId), letter, { messageId: `dead.${jobId}` });
    }
    const { backendId, decisionId, attemptNo } = cell;
    const outcome = { status, failure, backendId, decisionId, attemptNo, finishedAtMs: nowMs };
    const ended: Cell = { ...cell, status, updatedAtMs: nowMs, attempts, outcome };
    const written = await bus.cells.write(ended, seq);
    if (written.kind === 'refused') return false;
    bus.emit(subjects.result(jobId), encode(ended));
    return true;
  }

  #warn(cause: unknown): void {
    this.#deps.log.warn({ err: AppError.from(cause).message }, 'orphans could not be looked for');
  }
}

/** The cell as it stands, or the one that a dispatch without a cell implies. */
function cellOf(dispatch: WireDispatch, seq: number, current: ReadCell | undefined, nowMs: number): Cell {
  const { job = {} } = dispatch;
  const jobId = job.id ?? '';
  if (current && current.cell.status !== 'submitted') return { ...current.cell, jobId };
  return {
    jobId,
    account: job.account,
    kind: job.kind,
    model: job.model,
    priority: job.priority,
    userId: job.userId,
    submittedAtMs: job.submittedAtMs,
    bodyHash: job.bodyHash,
    attemptNo: dispatch.attemptNo,
    backendId: dispatch.backendId,
    decisionId: dispatch.decisionId,
    dispatchSeq: seq,
    updatedAtMs: nowMs,
  };
}

const attemptOf = (cell: WireCell, failure: { code: string; message: string } | undefined, nowMs: number) => ({
  attemptNo: cell.attemptNo,
  backendId: cell.backendId,
  executorId: cell.executorId,
  decisionId: cell.decisionId,
  startedAtMs: cell.startedAtMs,
  endedAtMs: nowMs,
  ...(failure ? { failure } : {}),
});
