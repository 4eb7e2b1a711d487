import type {
  WireBackend,
  WireHealth,
  WireHeartbeat,
  WireObservation,
} from '@switchyard/contracts';
import type { Backend, Catalogue, JobKind, Tariff } from '@switchyard/domain';
import {
  type BackendLive,
  type BackendRow,
  backendRow,
  backendStats,
  emptySnapshot,
  findRow,
  Learner,
  type Snapshot,
  type Turns,
  unknownStats,
  withCursor,
  withoutRow,
  withRow,
  withTurns,
} from '@switchyard/routing';
import { BackendMeasures } from './backend-measures.js';
import { Cooldowns } from './cooldowns.js';
import { Rates } from './rates.js';

/** An executor not heard of for this long counts as dead. */
const deadAfterMs = 30_000;
/** Attempts that a half-open breaker lets through, counted as they are dispatched. */
const defaultTrialsMax = 3;
/** Trials not heard of again after the longest time of an attempt and this are given anew. */
const trialGraceMs = 5_000;

/** The trials of one half-open breaker, as it stands since `changedAtMs`. */
type Trials = { readonly changedAtMs: number; admitted: number; renewAtMs: number };

/** A job as the counts of a minute know it: by itself. */
type CountedJob = {
  readonly id: string;
  readonly attemptNo: number;
  readonly estimatedTokens: number;
};

/** What an executor says of itself, as far as it matters here. */
type HeartbeatSaid = Omit<WireHeartbeat, 'backends'> & { readonly backends?: readonly string[] };

type Heard = {
  readonly startedAtMs: number;
  readonly seq: number | undefined;
  readonly atMs: number;
  readonly isActive: boolean;
  readonly backends: ReadonlySet<string>;
};

/**
 * Everything the router knows of the backends, folded into the snapshot that decisions read. A
 * backend whose executors were never heard of since this router started counts as alive for the
 * first 30 s: its slots bound what can go wrong.
 */
export class Fleet {
  readonly #records = new Map<string, WireBackend>();
  readonly #health = new Map<string, WireHealth>();
  readonly #executors = new Map<string, Heard>();
  readonly #cooldowns = new Cooldowns();
  readonly #trials = new Map<string, Trials>();
  readonly #rates = new Rates();
  #startedAtMs: number;
  readonly #measures: BackendMeasures;
  #snapshot: Snapshot = emptySnapshot;
  /** As the monitor counts them too. */
  trialsMax = defaultTrialsMax;
  #selections = 0;
  /** True once a strategy has read what is measured. */
  #isMeasuring = false;

  constructor(startedAtMs: number, measures = new BackendMeasures({ learner: new Learner() })) {
    this.#startedAtMs = startedAtMs;
    this.#measures = measures;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get backendIds(): Iterable<string> {
    return this.#records.keys();
  }

  foldBackend(id: string, record: WireBackend | undefined, nowMs: number): void {
    if (record) this.#records.set(id, record);
    else this.#records.delete(id);
    this.#rates.resize(id, record);
    this.#rebuild(id, nowMs);
  }

  foldHealth(id: string, health: WireHealth | undefined, nowMs: number): void {
    if (health) this.#health.set(id, health);
    else this.#health.delete(id);
    this.#cooldowns.show(id, health?.cooldownUntilMs ?? 0);
    this.#foldBreaker(id, health, nowMs);
    this.#rebuild(id, nowMs);
  }

  foldHeartbeat(heartbeat: HeartbeatSaid, nowMs: number): void {
    const { instanceId = '', state, backends = [] } = heartbeat;
    // Sent again, or late: it says nothing of now.
    if (isOlder(heartbeat, this.#executors.get(instanceId))) return;
    this.#measures.foldHeartbeat(backends, nowMs);
    const known = this.#executors.get(instanceId);
    const { startedAtMs = 0, seq } = heartbeat;
    this.#executors.set(instanceId, {
      atMs: nowMs,
      startedAtMs,
      seq,
      isActive: state !== 'draining',
      backends: new Set(backends),
    });
    for (const id of new Set([...backends, ...(known?.backends ?? [])]))
      this.#refreshAlive(id, nowMs);
  }

  /** An attempt ended; it was learned from before. */
  foldObservation(observation: WireObservation, nowMs: number): void {
    const { backendId = '', failureCode, retryAfterMs } = observation;
    this.#measures.touch(backendId, nowMs);
    if (failureCode === 'rate_limited') {
      this.#cooldowns.begin(backendId, nowMs, retryAfterMs);
    }
    if (!this.#rates.isEmpty) this.#rates.correct(observation, nowMs);
    const row = findRow(this.#snapshot, backendId);
    if (!row) return;
    this.#replace({
      ...row,
      ...this.#rates.fieldsOf(backendId),
      ...this.#measures.durationsOf(backendId),
      cooldownUntilMs: this.#cooldowns.untilMs(backendId),
    });
  }

  /** A backend takes nothing before an instant. */
  foldCooldown(id: string, untilMs: number): void {
    this.#cooldowns.extend(id, untilMs);
    const row = findRow(this.#snapshot, id);
    if (row) this.#replace({ ...row, cooldownUntilMs: this.#cooldowns.untilMs(id) });
  }

  /**
   * Puts into the rows what was measured since: before a decision that reads it, and from then on
   * once a second. Until then rows stay small, since each decision is recorded with all of them.
   */
  measure(nowMs: number): void {
    this.#isMeasuring = true;
    for (const id of this.#measures.takeChanged()) {
      const row = findRow(this.#snapshot, id);
      if (!row) continue;
      const known = this.#measures.statsOf(id, nowMs);
      this.#replace({ ...row, stats: backendStats(known, row.stats) });
    }
  }

  /** The snapshot with all that is measured, for people; decisions go on as they did. */
  measured(nowMs: number): Snapshot {
    const backends = this.#snapshot.backends.map((row) => ({
      ...row,
      stats: backendStats(this.#measures.statsOf(row.id, nowMs), row.stats),
    }));
    return { ...this.#snapshot, backends };
  }

  /** A job was sent to a backend: its turn, and one more in flight. */
  foldDispatch(id: string, kind: JobKind, inFlight: number, turns?: Turns): void {
    const row = findRow(this.#snapshot, id);
    if (!row) return;
    this.#selections += 1;
    const trials = this.#trials.get(id);
    if (trials) trials.admitted += 1;
    this.#replace({ ...row, inFlight, lastSelectedSequence: this.#selections });
    if (this.#snapshot.cursors[kind] !== id) this.#snapshot = withCursor(this.#snapshot, kind, id);
    if (turns) this.#snapshot = withTurns(this.#snapshot, kind, turns);
  }

  /** Counts a dispatch in the backend's minute, where it has one; after `foldDispatch`. */
  foldRate(id: string, job: CountedJob, nowMs: number): void {
    if (this.#rates.isEmpty) return;
    this.#rates.reserve(id, job, job.estimatedTokens, nowMs);
    this.#refreshRate(id);
  }

  /** True where a backend has limits of a minute. */
  isRated(id: string): boolean {
    return this.#rates.has(id);
  }

  /** Counts what another router dispatched, where it is not counted yet. */
  countRunning(id: string, job: CountedJob, atMs: number): void {
    this.#rates.recall(id, job, job.estimatedTokens, atMs);
    this.#refreshRate(id);
  }

  /** A dispatch that was counted was not sent. */
  giveBackRate(id: string, job: CountedJob): void {
    this.#rates.giveBack(id, job);
    this.#refreshRate(id);
  }

  #refreshRate(id: string): void {
    const row = findRow(this.#snapshot, id);
    const fields = this.#rates.fieldsOf(id);
    if (row && fields) this.#replace({ ...row, ...fields });
  }

  foldInFlight(id: string, inFlight: number): void {
    const row = findRow(this.#snapshot, id);
    if (row && row.inFlight !== inFlight) this.#replace({ ...row, inFlight });
  }

  /** True where one executor alone serves the backend: what is dispatched comes to it. */
  hasOneExecutor(id: string): boolean {
    let count = 0;
    for (const { backends } of this.#executors.values()) if (backends.has(id)) count += 1;
    return count === 1;
  }

  /** The wall clock was put forward or back: nobody is dead, nor a minute or a pause over. */
  shiftClock(byMs: number): void {
    this.excuse(byMs);
    this.#rates.shiftClock(byMs);
    for (const trials of this.#trials.values()) trials.renewAtMs += byMs;
    this.#cooldowns.shiftClock(byMs);
    for (const row of this.#snapshot.backends) {
      this.#replace({ ...row, cooldownUntilMs: this.#cooldowns.untilMs(row.id) });
    }
  }

  /** Nobody could be heard for so long: nobody has been silent for that. */
  excuse(byMs: number): void {
    this.#startedAtMs += byMs;
    for (const [instanceId, heard] of this.#executors) {
      this.#executors.set(instanceId, { ...heard, atMs: heard.atMs + byMs });
    }
  }

  /** Lets executors fall dead that were not heard of, and gives lost trials anew. */
  advance(nowMs: number): void {
    for (const [id, trials] of this.#trials) {
      if (nowMs < trials.renewAtMs) continue;
      Object.assign(trials, { admitted: 0, renewAtMs: nowMs + this.#trialMs(id) });
      this.#rebuild(id, nowMs);
    }
    for (const [instanceId, heard] of this.#executors) {
      if (nowMs - heard.atMs <= deadAfterMs) continue;
      this.#executors.delete(instanceId);
      for (const id of heard.backends) this.#refreshAlive(id, nowMs);
    }
    for (const row of this.#snapshot.backends) this.#refreshAlive(row.id, nowMs);
    for (const id of this.#rates.advance(nowMs)) this.#refreshRate(id);
    if (!this.#isMeasuring) {
      this.#suspect(nowMs);
      return;
    }
    this.#measures.slide(nowMs);
    this.measure(nowMs);
  }

  /** Of all that is measured every strategy's filters read one thing: late heartbeats. */
  #suspect(nowMs: number): void {
    for (const row of this.#snapshot.backends) {
      const late = this.#measures.lateHeartbeatOf(row.id, nowMs);
      if (row.stats.lastHeartbeatAtMs === late) continue;
      const stats = late === null ? unknownStats : backendStats({ lastHeartbeatAtMs: late });
      this.#replace({ ...row, stats });
    }
  }

  #foldBreaker(id: string, health: WireHealth | undefined, nowMs: number): void {
    if (health?.breaker !== 'halfOpen') {
      this.#trials.delete(id);
      return;
    }
    const changedAtMs = health.breakerChangedAtMs ?? 0;
    if (this.#trials.get(id)?.changedAtMs === changedAtMs) return;
    const renewAtMs = nowMs + this.#trialMs(id);
    this.#trials.set(id, { changedAtMs, admitted: 0, renewAtMs });
  }

  #trialMs(id: string): number {
    return (this.#records.get(id)?.requestTimeoutMs ?? 0) + trialGraceMs;
  }

  #refreshAlive(id: string, nowMs: number): void {
    const row = findRow(this.#snapshot, id);
    const isAlive = this.#isAlive(id, nowMs);
    if (!row || row.isAlive === isAlive) return;
    this.#replace({ ...row, isAlive });
    this.#measures.foldUsable(id, isUsable({ ...row, isAlive }), nowMs);
  }

  #isAlive(id: string, nowMs: number): boolean {
    let isKnown = false;
    for (const { atMs, isActive, backends } of this.#executors.values()) {
      if (!backends.has(id)) continue;
      isKnown = true;
      if (isActive && nowMs - atMs <= deadAfterMs) return true;
    }
    return !isKnown && nowMs - this.#startedAtMs <= deadAfterMs;
  }

  #rebuild(id: string, nowMs: number): void {
    const record = this.#records.get(id);
    if (!record) {
      this.#snapshot = withoutRow(this.#snapshot, id);
      return;
    }
    const before = findRow(this.#snapshot, id);
    const health = this.#health.get(id);
    const live: Partial<BackendLive> = {
      isAlive: this.#isAlive(id, nowMs),
      health: (health?.status as BackendLive['health']) ?? 'unknown',
      breaker: breakerOf(health),
      cooldownUntilMs: this.#cooldowns.untilMs(id),
      inFlight: before?.inFlight ?? 0,
      lastSelectedSequence: before?.lastSelectedSequence ?? 0,
      slots: record.slots ?? 0,
      ...this.#rates.fieldsOf(id),
      ...this.#measures.durationsOf(id),
      stats: before?.stats,
    };
    const row = backendRow(toBackend(record), toCatalogue(record), live);
    this.#replace(row);
    this.#measures.foldUsable(id, isUsable(row), nowMs);
  }

  #replace(row: BackendRow): void {
    const trials = this.#trials.size > 0 ? this.#trials.get(row.id) : undefined;
    this.#snapshot = withRow(this.#snapshot, trials ? this.#tried(row, trials) : row);
  }

  /** Of a half-open backend only the trials that are left may be dispatched. */
  #tried(row: BackendRow, { admitted }: Trials): BackendRow {
    const slots = this.#records.get(row.id)?.slots ?? 0;
    const left = Math.max(0, this.trialsMax - admitted);
    return { ...row, slots: Math.min(slots, row.inFlight + left) };
  }
}

function isOlder({ startedAtMs = 0, seq }: HeartbeatSaid, known: Heard | undefined): boolean {
  if (!known || seq === undefined || known.seq === undefined) return false;
  if (startedAtMs !== known.startedAtMs) return startedAtMs < known.startedAtMs;
  return seq <= known.seq;
}

const isUsable = ({ isAlive, health, breaker }: BackendRow): boolean =>
  isAlive && health !== 'down' && breaker !== 'open';

const breakerOf = (health: WireHealth | undefined): BackendLive['breaker'] =>
  health?.breaker === 'open' || health?.breaker === 'halfOpen' ? health.breaker : 'closed';

/**
 * The registry's record in the words of the domain; ProtoJSON leaves out what is zero, false or
 * empty.
 */
const toBackend = (
  record: WireBackend,
): Omit<Backend, 'apiKey'> & { readonly modelTariffs?: Readonly<Record<string, Tariff>> } => ({
  id: record.id ?? '',
  kind: record.kind as Backend['kind'],
  endpointUrl: record.endpointUrl ?? '',
  class: record.class === 'remote' ? 'remote' : 'local',
  priority: record.priority ?? 1,
  weight: record.weight ?? 1,
  isEnabled: record.isEnabled ?? false,
  supportedModels: record.supportedModels ?? [],
  modelAliases: record.modelAliases ?? {},
  maxConcurrentRequests: record.slots ?? 0,
  requestTimeoutMs: record.requestTimeoutMs ?? 0,
  firstTokenTimeoutMs: record.firstTokenTimeoutMs ?? 0,
  connectTimeoutMs: 0,
  expectedResponseTimeMs: record.expectedResponseTimeMs ?? 0,
  qualityScore: record.qualityScore ?? 0,
  tariff: record.tariff ?? {},
  modelTariffs: record.modelTariffs as Readonly<Record<string, Tariff>> | undefined,
  ...(record.region ? { region: record.region } : {}),
  tags: record.tags ?? [],
  simulated: record.simulated ?? false,
  origin: (record.origin as Backend['origin']) ?? 'configured',
  lastResort: record.lastResort ?? false,
});

const toCatalogue = (record: WireBackend): Catalogue | null =>
  record.hasCatalogue
    ? {
        models: (record.models ?? []).map((model) => ({
          id: model.id ?? '',
          kinds: (model.kinds ?? []) as JobKind[],
          ...(model.contextWindowTokens ? { contextWindowTokens: model.contextWindowTokens } : {}),
        })),
      }
    : null;
