import type { WireBackend } from '@switchyard/contracts';
import {
  AssignedWork,
  type Availability,
  availabilityRatioAt,
  type BackendStats,
  becameUsable,
  firstSeen,
  type Learner,
  type ModelSpeed,
  unknownSpeed,
} from '@switchyard/routing';

type Residency = ReadonlyMap<string, ModelSpeed['residency']>;

/** Counts that slide are looked at again for as long as the longest of their windows. */
const windowMs = 300_000;
/** A heartbeat is due every 10 s; after 15 s its executor is suspect. */
const lateMs = 12_000;

/**
 * What is measured of backends beyond what every row has: put together only for backends of which
 * something changed, and only when a strategy reads it, or once a second.
 */
export class BackendMeasures {
  readonly work = new AssignedWork();
  readonly #learning: { readonly learner: Learner };
  readonly #availability = new Map<string, Availability>();
  readonly #heartbeats = new Map<string, number>();
  readonly #residencies = new Map<string, Residency>();
  readonly #kvUsed = new Map<string, number>();
  readonly #priorities = new Map<string, number>();
  /** Until when each backend's counts may slide. */
  readonly #slidingUntilMs = new Map<string, number>();
  readonly #changed = new Set<string>();
  #bestPriority = Number.POSITIVE_INFINITY;

  constructor(learning: { readonly learner: Learner }) {
    this.#learning = learning;
  }

  /** The backend's record changed; the models it unloaded are returned. */
  foldBackend(id: string, record: WireBackend | undefined): readonly string[] {
    const before = this.#residencies.get(id);
    const residency = record && residencyOf(record);
    if (residency) this.#residencies.set(id, residency);
    else this.#residencies.delete(id);
    this.#changed.add(id);
    this.#foldPriority(id, record);
    if (!record) this.#forget(id);
    return [...(before ?? [])]
      .filter(([model, was]) => was === 'resident' && residency?.get(model) !== 'resident')
      .map(([model]) => model);
  }

  /** The backend can be used from now on, or cannot. */
  foldUsable(id: string, isUsable: boolean, nowMs: number): void {
    const before = this.#availability.get(id);
    if (before?.isUsable === isUsable) return;
    const after = before ? becameUsable(before, isUsable, nowMs) : firstSeen(isUsable, nowMs);
    this.#availability.set(id, after);
    this.#changed.add(id);
  }

  foldHeartbeat(ids: Iterable<string>, nowMs: number): void {
    for (const id of ids) {
      this.#heartbeats.set(id, nowMs);
      this.#changed.add(id);
    }
  }

  /** Share of its KV cache in use, as its last check found; undefined: it does not say. */
  foldKvUsed(id: string, ratio: number | undefined): void {
    if (this.#kvUsed.get(id) === ratio) return;
    if (ratio === undefined) this.#kvUsed.delete(id);
    else this.#kvUsed.set(id, ratio);
    this.#changed.add(id);
  }

  /** The newest heartbeat of its executors, where it is a while ago. */
  lateHeartbeatOf(id: string, nowMs: number): number | null {
    const atMs = this.#heartbeats.get(id);
    return atMs !== undefined && nowMs - atMs > lateMs ? atMs : null;
  }

  /** Something of it was measured: an attempt, work sent to it, a rating. */
  touch(id: string, nowMs: number): void {
    this.#changed.add(id);
    this.#slidingUntilMs.set(id, nowMs + windowMs);
  }

  /** Once a second: what slides is looked at again. */
  slide(nowMs: number): void {
    for (const [id, untilMs] of this.#slidingUntilMs) {
      this.#changed.add(id);
      if (untilMs < nowMs) this.#slidingUntilMs.delete(id);
    }
    for (const [id, availability] of this.#availability) {
      const ratio = availabilityRatioAt(availability, nowMs);
      if (ratio !== (availability.isUsable ? 1 : 0)) this.#changed.add(id);
    }
  }

  /** The backends of which something changed since this was last asked. */
  takeChanged(): readonly string[] {
    if (this.#changed.size === 0) return none;
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** Mean of its last 100 durations and their number, as a row has them. */
  durationsOf(id: string): ReturnType<Learner['durationsOf']> {
    return this.#learning.learner.durationsOf(id);
  }

  /** All that is known of a backend. */
  statsOf(id: string, nowMs: number): Partial<BackendStats> {
    const learned = this.#learning.learner.statsOf(id, nowMs);
    const availability = this.#availability.get(id);
    return {
      ...learned,
      ...this.work.of(id),
      availabilityRatio: availability ? availabilityRatioAt(availability, nowMs) : 1,
      lastHeartbeatAtMs: this.#heartbeats.get(id) ?? null,
      kvUsedRatio: this.#kvUsed.get(id) ?? null,
      isPrimary: this.#priorities.get(id) === this.#bestPriority,
      models: withResidency(learned.models ?? {}, this.#residencies.get(id)),
    };
  }

  /** Primary are the backends of the best priority that may be used at all. */
  #foldPriority(id: string, record: WireBackend | undefined): void {
    if (record?.isEnabled) this.#priorities.set(id, record.priority ?? 1);
    else this.#priorities.delete(id);
    const best = Math.min(...this.#priorities.values());
    if (best === this.#bestPriority) return;
    this.#bestPriority = best;
    for (const each of this.#priorities.keys()) this.#changed.add(each);
  }

  #forget(id: string): void {
    this.#availability.delete(id);
    this.#heartbeats.delete(id);
    this.#kvUsed.delete(id);
    this.#slidingUntilMs.delete(id);
  }
}

const none: readonly string[] = [];

/** How ready each model is, by every name a caller may use; Ollama alone says so. */
function residencyOf(record: WireBackend): Residency {
  if (record.kind !== 'ollama') return new Map();
  const own = (record.models ?? []).map(
    ({ id = '', isResident }) => [id, isResident ? 'resident' : 'disk'] as const,
  );
  const byName = new Map<string, ModelSpeed['residency']>(own);
  for (const [alias, name] of Object.entries(record.modelAliases ?? {})) {
    const found = byName.get(name);
    if (found) byName.set(alias, found);
  }
  return byName;
}

function withResidency(
  learned: BackendStats['models'],
  residency: Residency | undefined,
): BackendStats['models'] {
  if (!residency || residency.size === 0) return learned;
  const models = new Map(Object.entries(learned));
  for (const [name, found] of residency) {
    models.set(name, { ...(models.get(name) ?? unknownSpeed), residency: found });
  }
  return Object.fromEntries(models);
}
