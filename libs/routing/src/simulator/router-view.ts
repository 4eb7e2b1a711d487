import { alike, type BackendRow, backendRow } from '../backend-row.js';
import { backendStats, speedOf, unknownStats } from '../backend-stats.js';
import { type JobFacts, noFacts } from '../job-facts.js';
import { Learner } from '../learning/learner.js';
import type { RoutingJob } from '../job.js';
import { AssignedWork } from '../prefix/assigned-work.js';
import type { PromptKeys } from '../prefix/keys.js';
import { prefillMsOf } from '../prefix/prefill.js';
import { PrefixView } from '../prefix/view.js';
import type { RoutingSettings } from '../settings.js';
import { type Snapshot, snapshotOf, type Turns } from '../snapshot.js';
import type { Strategy } from '../strategy.js';
import type { BackendSpec } from './backend-spec.js';
import type { FoldedHealth, ProductionParts } from './parts.js';
import type { Flight } from './flight.js';

/** The model and kind of every simulated job. */
export const simulatedModel = 'simulated';
/** See `simulatedModel`. */
export const simulatedKind = 'chat';

/** Strategies that read what was learned of single arms: it is worked out for no other. */
const readsArms: ReadonlySet<string> = new Set(['bandit', 'adaptive_learning']);

/** Strategies that read neither prefix hits nor arms: nothing is looked up for them. */
const readsNoHits: ReadonlySet<string> = new Set([
  'least_connections',
  'least_loaded',
  'random',
  'round_robin',
  'score',
  'weighted',
  'weighted_round_robin',
]);

/** What the router is given of the settings. */
export type RouterViewOptions = {
  readonly strategy: Strategy;
  readonly settings: RoutingSettings;
  readonly blockTokens: number;
  /** Worked out at every decision, in place of what was learned. */
  readonly oracle?: ((job: RoutingJob, rows: readonly BackendRow[]) => JobFacts) | undefined;
};

type Live = {
  row: BackendRow;
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
  readonly #prefix: PrefixView;
  readonly #work = new AssignedWork();
  readonly #parts: ProductionParts<Health>;
  readonly #options: RouterViewOptions;
  readonly #live: Live[];
  readonly #health: Health[];
  readonly #at = new Map<string, number>();
  readonly #readsNoHits: boolean;
  #snapshot: Snapshot;
  #selections = 0;
  #isDirty = false;

  constructor(
    fleet: readonly BackendSpec[],
    parts: ProductionParts<Health>,
    options: RouterViewOptions,
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#readsNoHits = readsNoHits.has(options.strategy.name) && options.oracle === undefined;
    this.#prefix = new PrefixView({ blockTokens: options.blockTokens });
    const rows = snapshotOf(fleet.map(rowOf), { settings: options.settings });
    this.#snapshot = rows;
    this.#live = rows.backends.map((row) => {
      return { row, inFlight: 0, lastSelectedSequence: 0, isDirty: false, learnedAtMs: 0 };
    });
    rows.backends.forEach(({ id }, at) => this.#at.set(id, at));
    const started = { isOk: true, durationMs: 1, message: '', atMs: 0 };
    this.#health = fleet.map(() => parts.foldCheck(parts.neverChecked, started));
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
      if (live.isDirty) this.#refresh(live);
      backends[at] = live.row;
    }
    this.#snapshot = { ...this.#snapshot, version: this.#snapshot.version + 1, backends };
    return this.#snapshot;
  }

  /** What is true of this job beside its fields. */
  factsFor(job: RoutingJob, prompt: PromptKeys, nowMs: number): JobFacts {
    const { oracle, strategy } = this.#options;
    if (this.#readsNoHits) return noFacts;
    const hitTokens = this.#prefix.hitTokens(prompt);
    if (oracle !== undefined) return { ...oracle(job, this.snapshot.backends), hitTokens };
    const expectedOutputTokens = this.learner.expectedOutputTokens(job);
    const learned = readsArms.has(strategy.name)
      ? this.learner.learnedFor(job, 'simple', this.snapshot.backends, nowMs)
      : noFacts.learned;
    const facts = { ...noFacts, hitTokens, learned };
    return expectedOutputTokens === undefined ? facts : { ...facts, expectedOutputTokens };
  }

  /** Folds a dispatch, as the router does. */
  dispatched(flight: Flight, facts: JobFacts, nextTurns: Turns | undefined): void {
    const { backendId, job } = flight;
    const { routing } = job;
    const live = this.#touch(backendId);
    flight.inFlightAtDispatch = live.inFlight;
    live.inFlight += 1;
    this.#selections += 1;
    live.lastSelectedSequence = this.#selections;
    const hitTokens = facts.hitTokens[backendId] ?? 0;
    const inputTokens = routing.estimatedInputTokens;
    const { prefillMsPerToken } = speedOf(live.row.stats, routing.model);
    this.#work.dispatched({
      attempt: flight.name,
      backendId,
      tokens: inputTokens + (facts.expectedOutputTokens ?? routing.maxOutputTokens),
      prefillMs: prefillMsOf({ inputTokens, hitTokens, prefillMsPerToken }),
    });
    if (!this.#readsNoHits) this.#prefix.served(backendId, flight.prompt);
    const { cursors, turns } = this.#snapshot;
    this.#snapshot = {
      ...this.#snapshot,
      cursors: { ...cursors, [routing.kind]: backendId },
      turns: nextTurns === undefined ? turns : { ...turns, [routing.kind]: nextTurns },
    };
  }

  /** The first token of an attempt came. */
  firstToken({ backendId, name }: Flight): void {
    this.#touch(backendId);
    this.#work.firstToken(name);
  }

  /** An attempt ended; what it was like is learned. */
  ended(flight: Flight, isFault: boolean, nowMs: number): void {
    const { backendId, job } = flight;
    const live = this.#touch(backendId);
    live.inFlight -= 1;
    this.#work.ended(flight.name);
    const failure = isFault ? 'upstream_timeout' : null;
    this.#foldHealth(backendId, (health) =>
      this.#parts.foldAttempt(health, {
        failureCode: failure ?? undefined,
        retryAfterMs: undefined,
        atMs: nowMs,
      }),
    );
    const { routing } = job;
    this.learner.observe({
      backendId,
      model: routing.model,
      kind: routing.kind,
      account: routing.account,
      failure,
      endedAtMs: nowMs,
      durationMs: nowMs - flight.dispatchedAtMs,
      estimatedInputTokens: routing.estimatedInputTokens,
      maxOutputTokens: routing.maxOutputTokens,
      inFlightAtDispatch: flight.inFlightAtDispatch,
      queryType: 'simple',
      ...(isFault ? {} : measured(flight)),
    });
    live.learnedAtMs = nowMs;
  }

  /** An active check of the backend answered, or not. */
  checked(backendId: string, isOk: boolean, nowMs: number): void {
    const message = isOk ? '' : 'no answer';
    this.#foldHealth(backendId, (health) =>
      this.#parts.foldCheck(health, { isOk, durationMs: 1, message, atMs: nowMs }),
    );
    if (!isOk) this.#prefix.forget(backendId);
  }

  #foldHealth(backendId: string, fold: (health: Health) => Health): void {
    const at = this.#at.get(backendId) as number;
    const before = this.#health[at] as Health;
    const health = fold(before);
    this.#health[at] = health;
    if (health.status === before.status && health.cooldownUntilMs === before.cooldownUntilMs)
      return;
    const live = this.#touch(backendId);
    const { status, cooldownUntilMs } = health;
    live.row = alike({ ...live.row, health: status, cooldownUntilMs });
  }

  #touch(backendId: string): Live {
    const live = this.#live[this.#at.get(backendId) as number] as Live;
    live.isDirty = true;
    this.#isDirty = true;
    return live;
  }

  #refresh(live: Live): void {
    live.isDirty = false;
    const { row, inFlight, lastSelectedSequence, learnedAtMs } = live;
    const work = this.#work.of(row.id);
    let { stats, durationMsMean, durationSamples } = row;
    if (learnedAtMs > 0) {
      live.learnedAtMs = 0;
      stats = backendStats({ ...this.learner.statsOf(row.id, learnedAtMs), ...work }, stats);
      ({ durationMsMean, durationSamples } = this.learner.durationsOf(row.id));
    } else stats = backendStats(work, stats);
    const moving = { inFlight, lastSelectedSequence, durationMsMean, durationSamples, stats };
    live.row = alike({ ...row, ...moving });
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
