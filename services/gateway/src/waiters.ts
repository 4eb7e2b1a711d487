import type { Bus, Payload } from '@switchyard/bus';
import { decode, isTerminal, lastToken, patterns, type WireCell } from '@switchyard/contracts';
import { InFlight, type Log } from '@switchyard/domain';

/** Told once, with the terminal cell of the job. */
export type HearOutcome = (cell: WireCell) => void;

/** What hearing of outcomes needs. */
export type WaitersDeps = {
  readonly bus: Bus;
  readonly log: Log;
  readonly now: () => number;
};

type Waiter = { readonly hear: HearOutcome; nextReadAtMs: number };

/** A waiter reads the cell itself this often: what is told on core subjects is a hint. */
const readEveryMs = 5_000;
const tickMs = 1_000;
const readsAtOnceMax = 64;

/**
 * Everybody in this process who waits for a job's outcome, behind one subscription.
 *
 * - Copies of outcomes of unknown jobs are dropped unread.
 * - Every waiter's cell is read each 5 s, and all of them after the connection came back.
 */
export class Waiters {
  readonly #bus: Bus;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #byJob = new InFlight<string, Set<Waiter>>();
  readonly #unlisten: () => void;
  readonly #unfollow: () => void;
  readonly #timer: NodeJS.Timeout;
  #reads = 0;

  constructor({ bus, log, now }: WaitersDeps) {
    this.#bus = bus;
    this.#log = log;
    this.#now = now;
    this.#unlisten = bus.listen(patterns.results, (subject, data) =>
      this.#hear(lastToken(subject), data),
    );
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
    this.#unfollow = bus.onStatus((isConnected) => isConnected && this.#readAll());
  }

  /** True where somebody here waits for the job. */
  has(jobId: string): boolean {
    return this.#byJob.has(jobId);
  }

  /** Calls `hear` once with the job's outcome; returns what ends the wait before. */
  wait(jobId: string, hear: HearOutcome): () => void {
    const waiter: Waiter = { hear, nextReadAtMs: this.#now() + readEveryMs };
    const waiters = this.#byJob.get(jobId);
    if (waiters) waiters.add(waiter);
    else this.#byJob.set(jobId, new Set([waiter]));
    return () => this.#remove(jobId, waiter);
  }

  /** Tells the waiters of a job its outcome; for those who learned of it by another way. */
  settle(jobId: string, cell: WireCell): void {
    if (!isTerminal(cell.status)) return;
    for (const waiter of this.#byJob.take(jobId) ?? []) waiter.hear(cell);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unlisten();
    this.#unfollow();
  }

  /** False where nobody here waits for the job. */
  #hear(jobId: string, data: Payload): boolean {
    if (!this.#byJob.has(jobId)) return false;
    try {
      this.settle(jobId, decode<WireCell>(data));
    } catch (cause) {
      this.#log.warn(
        { jobId, cause },
        'a copy of an outcome was unreadable; its cell will be read',
      );
    }
    return true;
  }

  #remove(jobId: string, waiter: Waiter): void {
    const waiters = this.#byJob.get(jobId);
    if (!waiters?.delete(waiter)) return;
    if (waiters.size === 0) this.#byJob.take(jobId);
  }

  #tick(): void {
    if (!this.#bus.isConnected) return;
    const nowMs = this.#now();
    for (const [jobId, waiters] of this.#byJob) {
      if (this.#reads >= readsAtOnceMax) return;
      if (takeDue(waiters, nowMs)) void this.#read(jobId);
    }
  }

  /** What was told while the connection was down was told to nobody here. */
  #readAll(): void {
    const nowMs = this.#now();
    for (const waiters of this.#byJob.values()) {
      for (const waiter of waiters) waiter.nextReadAtMs = nowMs;
    }
    this.#tick();
  }

  async #read(jobId: string): Promise<void> {
    this.#reads += 1;
    try {
      const read = await this.#bus.cells.read(jobId);
      if (read) this.settle(jobId, read.cell);
    } catch (cause) {
      this.#log.debug({ jobId, cause }, 'a state cell could not be read; tried again later');
    } finally {
      this.#reads -= 1;
    }
  }
}

/** True where one of them is due; those that are get their next instant. */
function takeDue(waiters: Set<Waiter>, nowMs: number): boolean {
  let isDue = false;
  for (const waiter of waiters) {
    if (waiter.nextReadAtMs > nowMs) continue;
    isDue = true;
    waiter.nextReadAtMs = nowMs + readEveryMs;
  }
  return isDue;
}
