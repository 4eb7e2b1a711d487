import { setTimeout as delay } from 'node:timers/promises';
import type { Lease, Payload, StoredMessage } from '@switchyard/bus';
import { decode, lastToken, patterns, type WireDispatch } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { Deafness, Instances, toBeat } from '@switchyard/health';
import { OrphanRepair, type RepairDeps } from './orphan-repair.js';

/** What the search for orphans needs. */
export type OrphansDeps = RepairDeps & {
  readonly instanceId: string;
  /** For the age of heartbeats: a wall clock that is put forward would orphan every job. */
  readonly steadyNow: () => number;
};

const lookEveryMs = 2_000;
const listenEveryMs = 1_000;
/** Outlives two looks that come late. */
const leaseTtlMs = 6_000;
const role = 'task-tracker';
/** 50 repairs a second: a whole backend sent back at once would drown the others. */
const repairEveryMs = 20;
const repairsPerLook = 50;
/** Dispatches read in one look, from which the most urgent are repaired first. */
const readsPerLook = 500;

/**
 * Finds the dispatches of backends that have no live executor: they would wait for ever.
 *
 * Found in DISPATCH itself, not in the projection: every job that is dispatched or running has its
 * message there, so nothing that a projection might have missed is missed here, and jobs in JOBS
 * and RETRIES are never touched.
 */
export class Orphans {
  readonly #deps: OrphansDeps;
  readonly #repair: OrphanRepair;
  readonly #instances: Instances;
  #lease: Lease | undefined;
  #timers: readonly NodeJS.Timeout[] = [];
  #stopListening: () => void = () => {};
  #looking: Promise<unknown> = Promise.resolve();
  #isLooking = false;
  #isStopping = false;

  constructor(deps: OrphansDeps) {
    this.#deps = deps;
    this.#repair = new OrphanRepair(deps);
    this.#instances = new Instances(deps.steadyNow());
  }

  /** Listens for heartbeats, without looking yet. */
  listen(): void {
    const { bus } = this.#deps;
    this.#stopListening = bus.listen(patterns.heartbeats, (subject, data) =>
      this.#hear(subject, data),
    );
  }

  /** Listens, and looks every 2 s. */
  start(): void {
    this.listen();
    const { bus, steadyNow } = this.#deps;
    const deafness = new Deafness(listenEveryMs, performance.now());
    const excuse = () =>
      this.#instances.excuse(deafness.look(performance.now(), bus.isConnected), steadyNow());
    this.#timers = [
      setInterval(excuse, listenEveryMs),
      setInterval(() => {
        excuse();
        if (this.#isLooking) return;
        this.#looking = this.look().catch((cause) => this.#warn(cause));
      }, lookEveryMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Ends the repair under way and gives the role up. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopListening();
    await this.#looking;
    if (this.#lease) await this.#deps.bus.leases.release(this.#lease).catch(() => {});
  }

  /**
   * Repairs what is orphaned now, as far as one look goes; returns how many dispatches it settled.
   */
  async look(): Promise<number> {
    this.#isLooking = true;
    try {
      this.#instances.advance(this.#deps.steadyNow());
      if (!(await this.#holdsRole())) return 0;
      let settled = 0;
      for (const message of await this.#find()) {
        if (this.#isStopping) break;
        if ((await this.#repair.repair(message)) === 'settled') settled += 1;
        await delay(repairEveryMs);
      }
      return settled;
    } finally {
      this.#isLooking = false;
    }
  }

  /** The lease only keeps two trackers from doing the same work: every write is compare-and-set. */
  async #holdsRole(): Promise<boolean> {
    const { bus, instanceId } = this.#deps;
    const held = this.#lease && (await bus.leases.renew(this.#lease, leaseTtlMs));
    this.#lease = held ?? (await bus.leases.acquire(role, instanceId, leaseTtlMs));
    return this.#lease !== undefined;
  }

  /** Orphaned dispatches, the most urgent jobs first. */
  async #find(): Promise<StoredMessage[]> {
    const { bus, steadyNow } = this.#deps;
    const nowMs = steadyNow();
    const abandoned = new Map<string, boolean>();
    const found: { readonly message: StoredMessage; readonly priority: number }[] = [];
    for (const subject of Object.keys(await bus.subjectsIn('DISPATCH', patterns.allDispatches))) {
      const backendId = subject.split('.')[1] ?? '';
      const isAbandoned = abandoned.get(backendId) ?? this.#instances.isAbandoned(backendId, nowMs);
      abandoned.set(backendId, isAbandoned);
      if (!isAbandoned) continue;
      const message = await bus.readLast('DISPATCH', subject);
      if (message) found.push({ message, priority: priorityOf(message) });
      if (found.length >= readsPerLook) break;
    }
    found.sort((a, b) => b.priority - a.priority || a.message.seq - b.message.seq);
    return found.slice(0, repairsPerLook).map(({ message }) => message);
  }

  #hear(subject: string, data: Payload): void {
    const beat = readBeat(data);
    if (beat) this.#instances.hear(lastToken(subject), beat, this.#deps.steadyNow());
  }

  #warn(cause: unknown): void {
    this.#deps.log.warn({ err: AppError.from(cause).message }, 'orphans could not be looked for');
  }
}

const priorityOf = (message: StoredMessage): number =>
  decode<WireDispatch>(message.data).job?.priority ?? 5;

function readBeat(data: Payload) {
  try {
    return toBeat(decode(data));
  } catch {
    return undefined;
  }
}
