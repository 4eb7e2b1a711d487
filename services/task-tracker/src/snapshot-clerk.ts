import type { Bus } from '@switchyard/bus';
import { AppError, type Log } from '@switchyard/domain';
import type { TrackerDatabase } from './database.js';
import type { Snapshots } from './snapshots.js';

/** What taking snapshots from time to time needs. */
export type SnapshotClerkDeps = {
  readonly bus: Pick<Bus, 'leases'>;
  readonly log: Log;
  readonly instanceId: string;
  readonly snapshots: Snapshots;
  readonly database: TrackerDatabase;
};

const everyMs = 300_000;
/** A large table is stored less often: it takes a twentieth of the time at most. */
const shareMax = 20;
const role = 'task-tracker-snapshot';

/** Takes a snapshot every five minutes, one instance for all. */
export class SnapshotClerk {
  readonly #deps: SnapshotClerkDeps;
  #timer: NodeJS.Timeout | undefined;
  #taking: Promise<unknown> = Promise.resolve();
  #isStopping = false;
  #count = 0;

  constructor(deps: SnapshotClerkDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#waitFor(everyMs);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    await this.#taking;
  }

  #waitFor(periodMs: number): void {
    if (this.#isStopping) return;
    this.#timer = setTimeout(() => {
      this.#taking = this.#take().then((tookMs) => {
        this.#waitFor(Math.max(everyMs, tookMs * shareMax));
      });
    }, periodMs);
    this.#timer.unref();
  }

  /** Returns how long it took; 0 where another instance has the role, or where it failed. */
  async #take(): Promise<number> {
    const { bus, log, instanceId, snapshots, database } = this.#deps;
    const startedMonoMs = performance.now();
    try {
      // Not given up when done: nobody else need take one in these minutes.
      if (!(await bus.leases.acquire(role, instanceId, everyMs))) return 0;
      this.#count += 1;
      const name = `${instanceId}-${Date.now()}-${this.#count}`;
      const taken = await snapshots.take(database, name, () => this.#isStopping);
      const tookMs = performance.now() - startedMonoMs;
      if (taken) log.info({ rows: taken.rows, tookMs: Math.round(tookMs) }, 'snapshot taken');
      return tookMs;
    } catch (cause) {
      log.warn({ err: AppError.from(cause).message }, 'no snapshot could be taken');
      return 0;
    }
  }
}
