import type { Bus } from '@switchyard/bus';
import { encode, isTerminal, subjects, type WireCell } from '@switchyard/contracts';
import { AppError, type FailureCode } from '@switchyard/domain';

type Cell = WireCell & { readonly jobId: string };

/** What is known of a job that has no cell yet. */
export type Waiting = {
  readonly jobId: string;
  readonly account: string;
  readonly kind?: string;
  readonly model?: string;
  readonly priority?: number;
  readonly userId?: string;
  readonly submittedAtMs?: number;
};

/** What became of a cancel: ended at once, or asked of the executor that runs it. */
export type Canceled = { readonly kind: 'ended' | 'asked'; readonly cell: WireCell };

const triesMax = 8;

/** Ends jobs before their time, by the state cell and nothing else. */
export class Cancellation {
  readonly #bus: Bus;
  readonly #now: () => number;

  constructor(bus: Bus, now: () => number) {
    this.#bus = bus;
    this.#now = now;
  }

  /**
   * Cancels a job: waiting or between attempts, it ends here; running, its executor is told. Throws
   * AppError `conflict` where it has ended already, `not_found` where it is another account's, or
   * `unavailable`.
   */
  async cancel(waiting: Waiting, reason: string): Promise<Canceled> {
    for (let tries = 0; tries < triesMax; tries += 1) {
      const read = await this.#bus.cells.read(waiting.jobId);
      const cell: Cell = { ...(read?.cell ?? waiting), jobId: waiting.jobId };
      if (cell.account !== waiting.account) throw new AppError('not_found', 'no such job');
      if (isTerminal(cell.status))
        throw new AppError('conflict', `the job has ended: ${cell.status}`);
      const isRunning = cell.status === 'running';
      if (isRunning && cell.cancelRequested) return { kind: 'asked', cell };
      const next = isRunning
        ? { ...cell, cancelRequested: true, updatedAtMs: this.#now() }
        : this.#ended(cell, 'canceled', 'cancelled', reason);
      const written = await this.#bus.cells.write(next, read?.seq ?? 0);
      if (written.kind !== 'written') continue;
      this.#tell(next);
      return { kind: isRunning ? 'asked' : 'ended', cell: next };
    }
    throw new AppError('unavailable', 'the job changes too fast to be cancelled', {
      retryAfterMs: 1_000,
    });
  }

  /**
   * Ends a job whose longest wait passed while no backend took it; does nothing where one did.
   * Returns the terminal cell, or undefined.
   */
  async expireWaiting(waiting: Waiting): Promise<WireCell | undefined> {
    const read = await this.#bus.cells.read(waiting.jobId);
    if (read && read.cell.status !== 'submitted')
      return isTerminal(read.cell.status) ? read.cell : undefined;
    const cell: Cell = { ...(read?.cell ?? waiting), jobId: waiting.jobId };
    const next = this.#ended(
      cell,
      'expired',
      'deadline_exceeded',
      'no backend took the job in time',
    );
    const written = await this.#bus.cells.write(next, read?.seq ?? 0);
    if (written.kind !== 'written') return undefined;
    this.#tell(next);
    return next;
  }

  #ended(cell: Cell, status: 'canceled' | 'expired', code: FailureCode, message: string): Cell {
    const nowMs = this.#now();
    return {
      ...cell,
      status,
      updatedAtMs: nowMs,
      outcome: {
        status,
        failure: { code, message },
        attemptNo: cell.attemptNo,
        finishedAtMs: nowMs,
      },
    };
  }

  #tell(cell: Cell): void {
    this.#bus.emit(subjects.cancel(cell.jobId), '');
    if (isTerminal(cell.status)) this.#bus.emit(subjects.result(cell.jobId), encode(cell));
  }
}
