import { type Liveness, livenessAges, livenessOf } from './liveness.js';

/** What an instance says of itself every 10 s. */
export type Beat = {
  readonly instanceId: string;
  readonly service: string;
  readonly address: string;
  /** When it started: a later start under the same id is a restart. */
  readonly startedAtMs: number;
  /** Counts its heartbeats since then. */
  readonly seq: number;
  readonly state: 'active' | 'draining';
  readonly inFlight: number;
  readonly capacity: number;
  readonly backends: readonly string[];
};

/**
 * A heartbeat out of what was heard; undefined where it is none. Anybody may publish on a core
 * subject, so nothing is taken for granted but the id and the backends must be what they should be.
 */
export function toBeat(heard: unknown): Beat | undefined {
  if (typeof heard !== 'object' || heard === null) return undefined;
  const said = heard as Readonly<Record<string, unknown>>;
  const backends = said.backends ?? [];
  if (typeof said.instanceId !== 'string' || !Array.isArray(backends)) return undefined;
  return {
    instanceId: said.instanceId,
    service: textOf(said.service),
    address: textOf(said.address),
    startedAtMs: numberOf(said.startedAtMs),
    seq: numberOf(said.seq),
    state: said.state === 'draining' ? 'draining' : 'active',
    inFlight: numberOf(said.inFlight),
    capacity: numberOf(said.capacity),
    backends: backends.filter((backend) => typeof backend === 'string'),
  };
}

/**
 * An instance as it was last heard of, by the listener's clock: those of other machines are not
 * compared.
 */
export type Instance = Beat & {
  readonly heardAtMs: number;
  readonly liveness: Exclude<Liveness, 'gone'>;
};

/** The instances heard of, by their own heartbeats only: what one says of another never counts. */
export class Instances {
  #startedAtMs: number;
  readonly #known = new Map<string, Instance>();

  /** `startedAtMs`: since when this table listens. */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** Takes a heartbeat in, unless it is not first-hand or not newer than what is known. */
  hear(senderId: string, beat: Beat, nowMs: number): 'taken' | 'forged' | 'stale' {
    const known = this.#known.get(beat.instanceId);
    if (senderId !== beat.instanceId) return 'forged';
    if (known && isOlder(beat, known)) return 'stale';
    this.#known.set(beat.instanceId, { ...beat, heardAtMs: nowMs, liveness: 'alive' });
    return 'taken';
  }

  /** Lets time pass; returns the instances that turned dead since the last call. */
  advance(nowMs: number): readonly Instance[] {
    const died: Instance[] = [];
    for (const instance of this.#known.values()) {
      const liveness = livenessOf(instance, nowMs);
      if (liveness === 'gone') this.#known.delete(instance.instanceId);
      else if (liveness !== instance.liveness) {
        const changed = { ...instance, liveness };
        this.#known.set(instance.instanceId, changed);
        if (liveness === 'dead') died.push(changed);
      }
    }
    return died;
  }

  /** Nobody could be heard for `byMs` until now: nobody has been silent for that. */
  excuse(byMs: number, nowMs: number): void {
    if (byMs <= 0) return;
    this.#startedAtMs = Math.min(nowMs, this.#startedAtMs + byMs);
    for (const instance of this.#known.values()) {
      const heardAtMs = Math.min(nowMs, instance.heardAtMs + byMs);
      this.#known.set(instance.instanceId, { ...instance, heardAtMs });
    }
  }

  /** True for an instance that is not gone. */
  has(instanceId: string): boolean {
    return this.#known.has(instanceId);
  }

  /** Every instance that is not gone, in order of id. Call `advance` first. */
  list(): readonly Instance[] {
    return [...this.#known.values()].sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
  }

  /**
   * True where a backend has had no live executor for longer than a death takes to be noticed. A
   * table that has not listened that long yet knows nothing, and says false.
   */
  isAbandoned(backendId: string, nowMs: number): boolean {
    if (nowMs - this.#startedAtMs <= livenessAges.deadMs) return false;
    for (const { backends, heardAtMs } of this.#known.values()) {
      if (nowMs - heardAtMs <= livenessAges.deadMs && backends.includes(backendId)) return false;
    }
    return true;
  }
}

const isOlder = (beat: Beat, known: Beat): boolean =>
  beat.startedAtMs < known.startedAtMs ||
  (beat.startedAtMs === known.startedAtMs && beat.seq <= known.seq);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (Number.isFinite(value) ? (value as number) : 0);
