import { isTerminal, type WireCell } from '@switchyard/contracts';

/** What a fault test counts. */
export type Count = {
  readonly accepted: number;
  /** Accepted jobs without an outcome. */
  readonly lost: number;
  /** Jobs for which two different outcomes were told or written. */
  readonly twice: number;
  /** Outcomes written beyond the first of a job: each would be a charge. */
  readonly chargedTwice: number;
  readonly byStatus: Readonly<Record<string, number>>;
};

/** One attempt as the cell of its job showed it. */
export type Run = {
  readonly jobId: string;
  readonly attemptNo: number;
  readonly backendId: string;
  readonly executorId: string;
  readonly startedAtMs: number;
};

type Seen = {
  status: string;
  attemptNo: number;
  endedAtMs: number;
  writtenOutcomes: number;
  readonly outcomes: Set<string>;
};

/** Holds what became of each job against what was accepted, from every cell that was written. */
export class Outcomes {
  /** Attempts in the order in which they were seen. */
  readonly runs: Run[] = [];
  readonly #accepted: string[] = [];
  readonly #seen = new Map<string, Seen>();

  get accepted(): readonly string[] {
    return this.#accepted;
  }

  /** Counts a job that a door has answered for. */
  accept(jobId: string): void {
    this.#accepted.push(jobId);
  }

  /** Takes one state of a job; they come in the order in which they were written. */
  see(jobId: string, cell: WireCell): void {
    const { status = '', attemptNo = 0, startedAtMs = 0 } = cell;
    const seen = this.#seenOf(jobId);
    if (status === 'running' && (attemptNo > seen.attemptNo || seen.status === 'retrying')) {
      const { backendId = '', executorId = '' } = cell;
      this.runs.push({ jobId, attemptNo, backendId, executorId, startedAtMs });
    }
    // The same cell, which was followed and read.
    const isKnown = isTerminal(status) && seen.status === status;
    if (isKnown && seen.endedAtMs > 0 && seen.endedAtMs === cell.updatedAtMs) return;
    seen.status = status;
    seen.attemptNo = attemptNo;
    if (!isTerminal(status)) return;
    seen.writtenOutcomes += 1;
    seen.endedAtMs = cell.updatedAtMs ?? 0;
    this.tell(jobId, cell);
  }

  /** Takes an outcome as it was told. The same may be told again after a crash. */
  tell(jobId: string, { outcome }: WireCell): void {
    this.#seenOf(jobId).outcomes.add(JSON.stringify(outcome));
  }

  statusOf(jobId: string): string | undefined {
    return this.#seen.get(jobId)?.status;
  }

  /** When the outcome of a job was written; 0 while it has none. */
  endedAtMs(jobId: string): number {
    return this.#seen.get(jobId)?.endedAtMs ?? 0;
  }

  /** How many jobs have ended. */
  get ended(): number {
    let ended = 0;
    for (const { status } of this.#seen.values()) if (isTerminal(status)) ended += 1;
    return ended;
  }

  /** Accepted jobs that have no outcome now. */
  get open(): readonly string[] {
    return this.#accepted.filter((id) => !isTerminal(this.statusOf(id)));
  }

  /** What has become of everything that was accepted. */
  count(): Count {
    const byStatus: Record<string, number> = {};
    for (const id of this.#accepted) {
      const status = this.statusOf(id) ?? '';
      if (isTerminal(status)) byStatus[status] = (byStatus[status] ?? 0) + 1;
    }
    const all = [...this.#seen.values()];
    return {
      accepted: this.#accepted.length,
      lost: this.open.length,
      twice: all.filter(({ outcomes }) => outcomes.size > 1).length,
      chargedTwice: all.reduce((sum, seen) => sum + Math.max(0, seen.writtenOutcomes - 1), 0),
      byStatus,
    };
  }

  #seenOf(jobId: string): Seen {
    const seen = this.#seen.get(jobId) ?? newlySeen();
    this.#seen.set(jobId, seen);
    return seen;
  }
}

const newlySeen = (): Seen => ({
  status: '',
  attemptNo: 0,
  endedAtMs: 0,
  writtenOutcomes: 0,
  outcomes: new Set(),
});
