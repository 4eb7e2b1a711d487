import type { FailureCode } from '@switchyard/domain';
import { alike, type BackendRow, backendRow } from '../backend-row.js';
import { backendStats, speedOf, unknownStats } from '../backend-stats.js';
import { type JobFacts, noFacts } from '../job-facts.js';
import { DurationRing } from '../learning/duration-ring.js';
import { Learner } from '../learning/learner.js';
import type { RoutingJob } from '../job.js';
import { Patience } from '../patience/patience.js';
import { AssignedWork } from '../prefix/assigned-work.js';
import type { PromptKeys } from '../prefix/keys.js';
import { prefillMsOf } from '../prefix/prefill.js';
import { PrefixView } from '../prefix/view.js';
import type { RoutingSettings } from '../settings.js';
import { type Snapshot, snapshotOf, type Turns } from '../snapshot.js';
import type { Strategy } from '../strategy.js';
import type { BackendSpec } from './backend-spec.js';
import type { Flight } from './flight.js';
import { HealthView } from './health-view.js';
import type { FoldedHealth, ProductionParts } from './parts.js';

/** The model and kind of every simulated job. */
export const simulatedModel = 'simulated';
/** See `simulatedModel`. */
export const simulatedKind = 'chat';

/** What the router is given of the settings. */
export type RouterViewOptions = {
  readonly strategy: Strategy;
  readonly settings: RoutingSettings;
  readonly blockTokens: number;
  readonly seed: number;
};

type Live = {
  row: BackendRow;
  /** With its breaker closed. */
  readonly slots: number;
  inFlight: number;
  lastSelectedSequence: number;
  isDirty: boolean;
  /** When an attempt last ended of which the row does not tell yet; 0 = of none. */
  learnedAtMs: number;
};

/**
 * All that the router knows while it is simulated: rows, prefix view, work assigned, health, and
 * what it has learned. It hears of a backend only what a real one tells.
 */
export class RouterView<Health extends FoldedHealth> {
  readonly learner = new Learner({ explorationRatio: 0.02 });
  /** Who waits for a backend of its own choice. */
  readonly patience = new Patience();
  readonly #prefix: PrefixView;
  readonly #work = new AssignedWork();
  readonly #options: RouterViewOptions;
  readonly #live: Live[];
  readonly #health: HealthView<Health>;
  readonly #at = new Map<string, number>();
  /** For a strategy that reads nothing that is learned: how long jobs take is in every row. */
  readonly #durations: readonly DurationRing[] | undefined;
  readonly #readsFacts: boolean;
  readonly #readsLearned: boolean;
  #snapshot: Snapshot;
  #selections = 0;
  #isDirty = false;

  constructor(
    fleet: readonly BackendSpec[],
    parts: ProductionParts<Health>,
    options: RouterViewOptions,
  ) {
    this.#options = options;
    const { reads = [] } = options.strategy;
    this.#durations = reads.length === 0 ? fleet.map(() => new DurationRing()) : undefined;
    this.#readsFacts = reads.some((reading) => reading !== 'stats');
    this.#readsLearned = reads.includes('arms') || reads.includes('weights');
    this.#prefix = new PrefixView({ blockTokens: options.blockTokens });
    const rows = snapshotOf(fleet.map(rowOf), { settings: options.settings });
    this.#snapshot = rows;
    this.#live = rows.backends.map((row) => {
      const counts = { inFlight: 0, lastSelectedSequence: 0, learnedAtMs: 0 };
      return { row, slots: row.slots, isDirty: false, ...counts };
    });
    rows.backends.forEach(({ id }, at) => this.#at.set(id, at));
    this.#health = new HealthView(parts, {
      backends: fleet.length,
      seed: options.seed,
      changed: (at) => this.#touchAt(at),
    });
    for (const { id, cacheBlocks } of fleet) {
      this.#prefix.setCacheTokens(id, cacheBlocks * options.blockTokens);
    }
  }

  /** The newest snapshot. */
  get snapshot(): Snapshot {
    if (!this.#isDirty) return this.#snapshot;
    this.#isDirty = false;
    const backends = new Array<BackendRow>(this.#live.length);
    for (let at = 0; at < backends.length; at += 1) {
      const live = this.#live[at] as Live;
      if (live.isDirty) this.#refresh(live, at);
      backends[at] = live.row;
    }
    this.#snapshot = { ...this.#snapshot, version: this.#snapshot.version + 1, backends };
    return this.#snapshot;
  }

  /** What is true of this job beside its fields. */
  factsFor(job: RoutingJob, prompt: PromptKeys, nowMs: number): JobFacts {
    const { strategy } = this.#options;
    if (!this.#readsFacts) return noFacts;
    const hitTokens = this.#prefix.hitTokens(prompt);
    const expectedOutputTokens = this.learner.expectedOutputTokens(job);
    const learned = this.#readsLearned
      ? this.learner.learnedFor(job, 'simple', this.snapshot.backends, nowMs)
      : noFacts.learned;
    const openings = this.patience.openingsFor(job, strategy, this.snapshot, nowMs);
    const facts = { ...noFacts, hitTokens, learned, ...(openings ? { openings } : {}) };
    return expectedOutputTokens === undefined ? facts : { ...facts, expectedOutputTokens };
  }

  /** Folds a dispatch, as the router does. */
  dispatched(flight: Flight, facts: JobFacts, nextTurns: Turns | undefined): void {
    const { backendId, job } = flight;
    const { routing } = job;
    const live = this.#touch(backendId);
    this.#health.dispatched(flight.backendAt);
    flight.inFlightAtDispatch = live.inFlight;
    live.inFlight += 1;
    this.#selections += 1;
    live.lastSelectedSequence = this.#selections;
    if (this.#durations === undefined) this.#assign(flight, facts, live);
    if (this.#readsFacts) this.#prefix.served(backendId, flight.prompt);
    this.patience.dispatched(flight.name, backendId, flight.dispatchedAtMs);
    const { cursors, turns } = this.#snapshot;
    this.#snapshot = {
      ...this.#snapshot,
      cursors: { ...cursors, [routing.kind]: backendId },
      turns: nextTurns === undefined ? turns : { ...turns, [routing.kind]: nextTurns },
    };
  }

  #assign({ name, backendId, job: { routing } }: Flight, facts: JobFacts, { row }: Live): void {
    const hitTokens = facts.hitTokens[backendId] ?? 0;
    const inputTokens = routing.estimatedInputTokens;
    const { prefillMsPerToken } = speedOf(row.stats, routing.model);
    this.#work.dispatched({
      attempt: name,
      backendId,
      tokens: inputTokens + (facts.expectedOutputTokens ?? routing.maxOutputTokens),
      prefillMs: prefillMsOf({ inputTokens, hitTokens, prefillMsPerToken }),
    });
  }

  /** The first token of an attempt came. */
  firstToken({ backendId, name }: Flight): void {
    if (this.#durations !== undefined) return;
    this.#touch(backendId);
    this.#work.firstToken(name);
  }

  /** An attempt ended, or failed; what it was like is learned. */
  ended(flight: Flight, failure: FailureCode | null, nowMs: number): void {
    const { backendId, job } = flight;
    const live = this.#touch(backendId);
    live.inFlight -= 1;
    this.patience.ended(flight.name);
    const durationMs = nowMs - flight.dispatchedAtMs;
    const end = { name: flight.name, failureCode: failure ?? undefined, durationMs } as const;
    this.#health.ended(flight.backendAt, end, nowMs);
    live.learnedAtMs = nowMs;
    const { routing } = job;
    if (this.#durations !== undefined) {
      if (failure === null) {
        (this.#durations[flight.backendAt] as DurationRing).add(durationMs, nowMs);
      }
      return;
    }
    this.#work.ended(flight.name);
    this.learner.observe({
      backendId,
      model: routing.model,
      kind: routing.kind,
      account: routing.account,
      failure,
      endedAtMs: nowMs,
      durationMs,
      estimatedInputTokens: routing.estimatedInputTokens,
      maxOutputTokens: routing.maxOutputTokens,
      inFlightAtDispatch: flight.inFlightAtDispatch,
      queryType: 'simple',
      ...(failure === null ? measured(flight) : {}),
    });
  }

  /** An active check of the backend answered, or not. */
  checked(backendId: string, isOk: boolean, nowMs: number): void {
    this.#health.checked(this.#at.get(backendId) as number, isOk, nowMs);
    if (!isOk) this.#prefix.forget(backendId);
  }

  /** When the next open breaker lets trials through. */
  get nextBreakerAtMs(): number {
    return this.#health.nextAtMs;
  }

  /** Lets breakers try again whose time is over. */
  advanceBreakers(nowMs: number): void {
    this.#health.advance(nowMs);
  }

  #touch(backendId: string): Live {
    return this.#touchAt(this.#at.get(backendId) as number);
  }

  #touchAt(at: number): Live {
    const live = this.#live[at] as Live;
    live.isDirty = true;
    this.#isDirty = true;
    return live;
  }

  #refresh(live: Live, at: number): void {
    live.isDirty = false;
    const { row, inFlight, lastSelectedSequence } = live;
    const guarded = this.#health.fieldsOf(at);
    const slots = this.#health.slotsOf(at, live.slots, inFlight);
    const moving = { inFlight, lastSelectedSequence, ...this.#learnedOf(live, at), ...guarded };
    live.row = alike({ ...row, ...moving, slots });
  }

  /** What was learned of a backend since its row was made. */
  #learnedOf(live: Live, at: number): Partial<BackendRow> {
    const { row, learnedAtMs } = live;
    live.learnedAtMs = 0;
    if (this.#durations !== undefined) {
      if (learnedAtMs === 0) return {};
      const { meanMs, samples } = (this.#durations[at] as DurationRing).summary(-Infinity);
      return { durationMsMean: meanMs, durationSamples: samples };
    }
    const work = this.#work.of(row.id);
    if (learnedAtMs === 0) return { stats: backendStats(work, row.stats) };
    const stats = { ...this.learner.statsOf(row.id, learnedAtMs), ...work };
    return { stats: backendStats(stats, row.stats), ...this.learner.durationsOf(row.id) };
  }
}

/** What an executor tells of a success. */
const measured = (flight: Flight) => ({
  ttftMs: flight.firstTokenAtMs - flight.dispatchedAtMs,
  prefillMs: flight.prefillMs,
  inputTokens: flight.inputTokens,
  hitTokens: flight.hitTokens,
  outputTokens: flight.outputTokens,
  ...(flight.loadMs > 0 ? { loadMs: flight.loadMs } : {}),
});

const rowOf = (spec: BackendSpec): BackendRow =>
  backendRow(
    {
      id: spec.id,
      kind: 'openai-compatible',
      endpointUrl: 'http://simulated.invalid',
      class: spec.isRemote ? 'remote' : 'local',
      priority: spec.priority,
      weight: spec.weight,
      isEnabled: true,
      supportedModels: [simulatedModel],
      modelAliases: {},
      requestTimeoutMs: 600_000,
      firstTokenTimeoutMs: 600_000,
      connectTimeoutMs: 5000,
      expectedResponseTimeMs: spec.expectedResponseTimeMs,
      qualityScore: spec.qualityScore,
      tariff: spec.tariff,
      tags: [],
      simulated: true,
      origin: 'configured',
      lastResort: false,
      maxConcurrentRequests: spec.slots,
    },
    { models: [{ id: simulatedModel, kinds: [simulatedKind] }] },
    {
      isAlive: true,
      health: 'healthy',
      waiting: null,
      stats: backendStats({ reliabilityScore: 1 }, unknownStats),
    },
  );
