import type { Bus, ReadCell, StoredMessage } from '@switchyard/bus';
import {
  decode,
  encode,
  encodeDeadLetter,
  subjects,
  type WireDispatch,
  type WireFailure,
} from '@switchyard/contracts';
import { AppError, type Log, priorityClassOf, type ReachFaultPoint } from '@switchyard/domain';
import { afterFailure, claim, type RetryPolicy } from '@switchyard/jobs';
import {
  type Cell,
  endedAttempt,
  endedCell,
  type Orphan,
  orphanCell,
  retryingCell,
} from './cell-forms.js';

/** What a repair needs. */
export type RepairDeps = {
  readonly bus: Bus;
  readonly log: Log;
  readonly now: () => number;
  readonly faultPoint: ReachFaultPoint;
  readonly retry: RetryPolicy;
  /** Told of each job sent back and of each ended. */
  readonly onRetried: (backendId: string) => void;
  readonly onEnded: (kind: string, status: string) => void;
};

/**
 * What became of an orphan's dispatch.
 * - `settled`: what follows is stored, and the dispatch is gone.
 * - `kept`: the job is in JOBS still, whose router owns it; the dispatch stays until that is
 *   decided.
 * - `outrun`: somebody else wrote the cell first; the next look reads what is there now.
 */
export type Repaired = 'settled' | 'kept' | 'outrun';

const lost: WireFailure = {
  code: 'executor_lost',
  message: 'no executor of this backend is alive',
};

/**
 * Does for a dispatch what an executor would have done, except running it: the same table says what
 * the cell allows.
 *
 * - The cell is written by compare-and-set, then RETRIES, and only then is the dispatch removed.
 *   Stopped anywhere in between, the dispatch is found again, the cell says how far it came, and
 *   the rest is repeated.
 * - Throws AppError `unavailable`; then too the next look goes on.
 */
export class OrphanRepair {
  readonly #deps: RepairDeps;

  constructor(deps: RepairDeps) {
    this.#deps = deps;
  }

  /** Repairs what one message of DISPATCH, read a moment ago, stands for. */
  async repair(message: StoredMessage): Promise<Repaired> {
    const { bus } = this.#deps;
    const dispatch = decode<WireDispatch>(message.data);
    const current = await bus.cells.read(dispatch.job?.id ?? '');
    const orphan = { dispatch, dispatchSeq: message.seq, cell: current?.cell };
    const repaired = await this.#follow(orphan, current);
    if (repaired !== 'settled') return repaired;
    await bus.deleteSeq('DISPATCH', message.seq);
    const { backendId = '', slot = 0, job } = dispatch;
    bus.emit(subjects.slotFree(backendId, slot), job?.id ?? '');
    return 'settled';
  }

  async #follow(orphan: Orphan, current: ReadCell | undefined): Promise<Repaired> {
    const { dispatch, dispatchSeq, cell } = orphan;
    const attemptsMax = this.#deps.retry.attemptsMax + (dispatch.job?.retry?.parked ?? 0);
    const attemptNo = dispatch.attemptNo ?? 1;
    const verdict = claim(
      {
        attemptNo,
        dispatchSeq,
        dispatchId: dispatch.dispatchId,
        attemptsMax,
        resume: dispatch.job?.resume,
      },
      cell,
    );
    const seq = current?.seq ?? 0;
    if (verdict.kind === 'drop') return 'settled';
    if (verdict.kind === 'cancel') return this.#end(orphan, seq, 'canceled', undefined);
    if (verdict.kind === 'resendRetry') return this.#publishRetry(dispatch, cell as Cell, seq);
    if (verdict.kind === 'resendOutcome') {
      this.#tell(cell as Cell);
      return 'settled';
    }
    if (verdict.kind === 'start' && (await this.#isStillSubmitted(dispatch))) return 'kept';
    return this.#lose(orphan, seq);
  }

  /** The attempt is lost: another one where the job may have it, else its outcome. */
  async #lose(orphan: Orphan, seq: number): Promise<Repaired> {
    const { now, log, faultPoint, bus, retry, onRetried } = this.#deps;
    const { dispatch, cell } = orphan;
    const nowMs = now();
    const before = orphanCell(orphan);
    const next = afterFailure(
      {
        attemptNo: before.attemptNo ?? 1,
        kind: before.kind ?? '',
        code: 'executor_lost',
        isStreamed: cell?.status === 'running' && cell.streamed === true,
        resume: dispatch.job?.resume,
        deadlineAtMs: dispatch.job?.deadlineAtMs,
      },
      { ...retry, attemptsMax: retry.attemptsMax + (dispatch.job?.retry?.parked ?? 0) },
      nowMs,
    );
    if (next.kind === 'giveUp') {
      const status = next.code === 'deadline_exceeded' ? 'expired' : 'failed';
      return this.#end(orphan, seq, status, { ...lost, code: next.code });
    }
    const retrying = retryingCell(orphan, { attemptNo: next.attemptNo, failure: lost, nowMs });
    const written = await bus.cells.write(retrying, seq);
    if (written.kind === 'refused') return 'outrun';
    faultPoint('tracker.retryingWritten');
    const { jobId, account, attemptNo, backendId = '' } = before;
    log.warn({ jobId, backendId, attemptNo }, 'orphan sent back');
    await this.#publishRetry(dispatch, retrying, written.seq);
    const event = {
      jobId,
      account,
      event: 'retried',
      atMs: nowMs,
      attemptNo: next.attemptNo,
      backendId,
    };
    bus.tell(subjects.jobEvent('retried'), { ...event, failure: lost });
    onRetried(backendId);
    return 'settled';
  }

  /**
   * Publishes the retry that a retrying cell promises, under the message id its executor would have
   * used.
   */
  async #publishRetry(dispatch: WireDispatch, cell: Cell, seq: number): Promise<Repaired> {
    const { job = {}, submissionSeq } = dispatch;
    const retry = {
      ...cell.retry,
      submissionSeq: job.retry?.submissionSeq ?? submissionSeq,
      attempts: cell.attempts,
    };
    const { priority = 5, kind = '', account = '' } = job;
    const subject = subjects.retry(priorityClassOf(priority), kind, account);
    const messageId = `${cell.jobId}.${cell.retry?.attemptNo}`;
    await this.#store(subject, encode({ ...job, retry, cellSeq: seq }), messageId);
    this.#deps.faultPoint('tracker.retryPublished');
    return 'settled';
  }

  /** Writes the outcome; a failure's dead letter comes first. */
  async #end(
    orphan: Orphan,
    seq: number,
    status: 'failed' | 'expired' | 'canceled',
    failure: WireFailure | undefined,
  ): Promise<Repaired> {
    const { bus, now, onEnded } = this.#deps;
    const nowMs = now();
    const before = orphanCell(orphan);
    const { jobId, account } = before;
    if (failure) {
      const attempts = [...(before.attempts ?? []), endedAttempt(before, failure, nowMs)];
      const { job } = orphan.dispatch;
      const letter = encodeDeadLetter({ jobId, account, failure, attempts, atMs: nowMs, job });
      await this.#store(subjects.dead(jobId), letter, subjects.dead(jobId));
    }
    const ended = endedCell(orphan, { status, failure, nowMs });
    const written = await bus.cells.write(ended, seq);
    if (written.kind === 'refused') return 'outrun';
    this.#tell(ended);
    if (failure) {
      const event = { jobId, account, event: 'dead', atMs: nowMs, failure };
      bus.tell(subjects.jobEvent('dead'), event);
    }
    onEnded(before.kind ?? '', status);
    return 'settled';
  }

  /**
   * True where the router has not acknowledged the submission: the work queue keeps the job, so
   * nobody need.
   */
  async #isStillSubmitted({ job, submissionSeq }: WireDispatch): Promise<boolean> {
    if (job?.retry || !submissionSeq) return false;
    return (await this.#deps.bus.readSeq('JOBS', submissionSeq)) !== undefined;
  }

  /** The cell is the truth, so telling may be repeated. */
  #tell(cell: Cell): void {
    this.#deps.bus.emit(subjects.result(cell.jobId), encode(cell));
  }

  async #store(subject: string, text: string, messageId: string): Promise<void> {
    const stored = await this.#deps.bus.publish(subject, text, { messageId });
    if (stored.kind !== 'stored') throw new AppError('unavailable', `not stored: ${stored.kind}`);
  }
}
