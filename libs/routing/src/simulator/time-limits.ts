import TinyQueue from 'tinyqueue';
import type { SimulatedJob } from './parts.js';

/** What a limit asks of a job before it is met. */
export type JobStands = {
  /** True where this very entry is still in the waiting room. */
  readonly isWaiting: (job: SimulatedJob) => boolean;
  /** True where it has not ended. */
  readonly isOpen: (job: SimulatedJob) => boolean;
};

/**
 * When jobs are given up: at their deadlines, waiting or running, as in production, and after the
 * longest wait, which begins anew with each entry into the waiting room.
 */
export class TimeLimits {
  readonly #maxWaitMs: number;
  readonly #stands: JobStands;
  /** Everybody waits equally long, so the first to enter is the first to leave. */
  readonly #waits: { readonly atMs: number; readonly job: SimulatedJob }[] = [];
  readonly #deadlines = new TinyQueue<SimulatedJob>([], (a, b) => a.deadlineAtMs - b.deadlineAtMs);
  #waited = 0;

  constructor(maxWaitMs: number, stands: JobStands) {
    this.#maxWaitMs = maxWaitMs;
    this.#stands = stands;
  }

  /** A job came. */
  arrived(job: SimulatedJob): void {
    if (job.deadlineAtMs < Infinity) this.#deadlines.push(job);
  }

  /** A job, new or tried before, entered the waiting room. */
  entered(job: SimulatedJob, nowMs: number): void {
    this.#waits.push({ atMs: nowMs + this.#maxWaitMs, job });
  }

  /** When the next job is given up; Infinity where none will be. */
  get nextAtMs(): number {
    return Math.min(
      this.#nextWait()?.atMs ?? Infinity,
      this.#nextDeadline()?.deadlineAtMs ?? Infinity,
    );
  }

  /** The job whose limit is met at `nextAtMs`; of two at once the one that waits too long. */
  get next(): SimulatedJob | undefined {
    const wait = this.#nextWait();
    const due = this.#nextDeadline();
    return wait !== undefined && wait.atMs <= (due?.deadlineAtMs ?? Infinity) ? wait.job : due;
  }

  #nextWait() {
    for (let wait = this.#waits[this.#waited]; wait; wait = this.#waits[this.#waited]) {
      if (this.#stands.isWaiting(wait.job)) return wait;
      this.#waited += 1;
    }
    return undefined;
  }

  #nextDeadline(): SimulatedJob | undefined {
    for (let job = this.#deadlines.peek(); job; job = this.#deadlines.peek()) {
      if (this.#stands.isOpen(job)) return job;
      this.#deadlines.pop();
    }
    return undefined;
  }
}
