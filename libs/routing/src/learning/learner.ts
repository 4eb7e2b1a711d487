import type { AccountId, BackendId } from '@switchyard/domain';
import type { BackendStats } from '../backend-stats.js';
import type { Arm, Learned, QueryType } from '../job-facts.js';
import {
  AdaptiveWeights,
  type AdaptiveWeightsOptions,
  type LearnedWeight,
} from './adaptive-weights.js';
import { BackendRecord } from './backend-record.js';
import { ClassRecord, type ClassSummary } from './class-record.js';
import { type Choice, DurationModel } from './duration-model.js';
import { type Average, averaged, noAverage } from './ema.js';
import { jobClassOf, type Sized } from './job-class.js';
import { JoinedKeys } from './joined-keys.js';
import { type LearnedState, learnedStateVersion, readLearnedState } from './learned-state.js';
import { type Observation, verdictOf } from './observation.js';
import { OutputTokens } from './output-tokens.js';
import { type AnswerRating, qualityOf } from './quality-history.js';
import { RecentMap } from './recent-map.js';

/** What may be set of a learner. */
export type LearnerOptions = AdaptiveWeightsOptions & {
  /** The share of the newest in speeds and class averages, over 0 to 1. @default 0.1 */
  readonly alpha?: number;
  /** How often a strategy that may explore does, 0 to 1. @default 0.02 (ADR 0010) */
  readonly explorationRatio?: number;
};

/** The job that arms are asked for. */
export type LearnableJob = Sized & {
  readonly model: string;
  /** Not given: nobody asks whether a backend would be in time. */
  readonly deadlineAtMs?: number | undefined;
};

/** A year: nothing takes longer. */
const durationMsMax = 31_536_000_000;
/** Backends beyond so many are forgotten, those used longest ago first. */
const backendsMax = 1024;
/** (backend, model, class)es beyond so many: 4 MB of counts at most. */
const classesMax = 4096;
/** Fewer say nothing of a p95, or of the length of answers. */
const samplesMin = 20;
/**
 * The share of the newest in the mean length of answers. One in a hundred is ten times as long as
 * the mean: with a tenth, it would double it, and send the next jobs wherever tokens are made fast,
 * whatever prompts stand there.
 */
const lengthShare = 1 / 200;

/**
 * All that the router learns from ended attempts: speeds and quantiles by (backend, model, job
 * class), windows by backend, weights by query type, quality, and the length of answers.
 *
 * - No clock, no chance: instants come with the observations, and what is drawn is drawn later, by
 *   the strategy, from the decision's seed.
 * - Its size is bounded, whatever callers name (recent-map.ts): keys used longest ago leave.
 * - `state()` and `Learner.restored` carry all of it over a restart.
 */
export class Learner {
  readonly #alpha: number;
  readonly #explorationRatio: number;
  readonly #backends = new RecentMap<BackendRecord>(backendsMax);
  readonly #placeKeys = new JoinedKeys();
  readonly #classKeys = new JoinedKeys();
  readonly #answerKeys = new JoinedKeys();
  readonly #classes = new RecentMap<ClassRecord>(classesMax);
  readonly #durations = new DurationModel();
  readonly #outputTokens = new OutputTokens();
  /** Output tokens by `<class> <model>`. */
  readonly #answers = new RecentMap<Average>(classesMax);
  readonly #weights: AdaptiveWeights;

  constructor({ alpha = 0.1, explorationRatio = 0.02, ...weights }: LearnerOptions = {}) {
    this.#alpha = alpha;
    this.#explorationRatio = explorationRatio;
    this.#weights = new AdaptiveWeights(weights);
  }

  /** Takes one ended attempt in; one without a sane duration and instant is left out. */
  observe(one: Observation): void {
    if (!(one.durationMs >= 0 && one.durationMs <= durationMsMax)) return;
    if (!Number.isSafeInteger(Math.floor(one.endedAtMs)) || one.endedAtMs < 0) return;
    const verdict = verdictOf(one.failure);
    const backend = this.#backends.use(one.backendId, () => new BackendRecord());
    backend.observe(one, verdict, this.#alpha);
    if (verdict === 'nothing') return;
    const { backendId, model, durationMs, endedAtMs: atMs, queryType } = one;
    const jobClass = jobClassOf(one);
    const isFault = verdict === 'fault';
    const inFlight = one.inFlightAtDispatch ?? 0;
    this.#durations.add({ backendId, model, jobClass, isFault, durationMs, inFlight, atMs });
    if (queryType !== undefined) {
      const quality = backend.quality.mean() ?? undefined;
      this.#weights.add({ backendId, queryType, isSuccess: !isFault, durationMs, quality, atMs });
    }
    if (isFault) return;
    this.#classes
      .use(this.#classKeyOf(backendId, model, jobClass), () => new ClassRecord())
      .add(durationMs, one.ttftMs, this.#alpha);
    if (one.outputTokens !== undefined && one.outputTokens > 0) {
      this.#outputTokens.add(one.account, model, one.outputTokens);
      const key = this.#answerKeys.of(jobClass, model);
      const before = this.#answers.get(key) ?? noAverage;
      this.#answers.set(key, averaged(before, one.outputTokens, lengthShare));
    }
  }

  /** Takes in how good an answer of this backend was; false where no side was rated. */
  rateAnswer(backendId: BackendId, rating: AnswerRating): boolean {
    const quality = qualityOf(rating);
    if (quality === undefined) return false;
    return this.#backends.use(backendId, () => new BackendRecord()).quality.add(quality);
  }

  /**
   * Updates the adaptive weights where their time has come (every 15 minutes); true where one
   * changed.
   */
  update(nowMs: number): boolean {
    return this.#weights.update(nowMs);
  }

  /** What is known of a backend, for `backendStats(known, before)`; `{}` where it is unseen. */
  statsOf(backendId: BackendId, nowMs: number): Partial<BackendStats> {
    return this.#backends.get(backendId)?.stats(nowMs) ?? {};
  }

  /** Mean of its last 100 durations and their number, as a row has them. */
  durationsOf(backendId: BackendId): ReturnType<BackendRecord['durations']> {
    return this.#backends.get(backendId)?.durations() ?? { durationMsMean: 0, durationSamples: 0 };
  }

  /** Averages and quantiles of one class; undefined where none of it succeeded. */
  classOf(backendId: BackendId, job: LearnableJob): ClassSummary | undefined {
    return this.#classes.get(this.#classKeyOf(backendId, job.model, jobClassOf(job)))?.summary();
  }

  /** What was learned of jobs like this one, for `facts.learned`. Rows may be given as choices. */
  learnedFor(
    job: LearnableJob,
    queryType: QueryType,
    choices: readonly Choice[],
    nowMs: number,
  ): Learned {
    const { model } = job;
    const jobClass = jobClassOf(job);
    const arms = this.#durations.arms(model, jobClass, choices, nowMs);
    const timed = job.deadlineAtMs === undefined ? arms : this.#timed(arms, job, jobClass);
    const ids = choices.map(({ id }) => id);
    const weights = this.#weights.weightsOf(ids, queryType);
    return { weights, arms: timed, explorationRatio: this.#explorationRatio };
  }

  /** The arms with the durations that 95 of 100 such jobs do not exceed. */
  #timed(
    arms: Readonly<Record<BackendId, Arm>>,
    { model }: LearnableJob,
    jobClass: string,
  ): Readonly<Record<BackendId, Arm>> {
    // An id may be "__proto__": only fromEntries makes it a name like any other.
    return Object.fromEntries(
      Object.entries(arms).map(([id, arm]) => {
        const key = this.#classKeyOf(id, model, jobClass);
        const durationMsP95 = this.#classes.get(key)?.durationMsP95(samplesMin);
        return [id, durationMsP95 === undefined ? arm : { ...arm, durationMsP95 }];
      }),
    );
  }

  /** The length that 95 of 100 answers do not exceed; undefined where too few were seen. */
  outputTokensP95(account: AccountId, model: string): number | undefined {
    return this.#outputTokens.p95(account, model);
  }

  /**
   * The tokens that answers to jobs of this class have, for `facts.expectedOutputTokens`; undefined
   * below 20 answers.
   */
  expectedOutputTokens(job: LearnableJob): number | undefined {
    const answers = this.#answers.get(this.#answerKeys.of(jobClassOf(job), job.model));
    if (answers === undefined || answers.samples < samplesMin) return undefined;
    return Math.min(Math.round(answers.mean), job.maxOutputTokens);
  }

  /** Every weight that was learned, by backend and query type. */
  learnedWeights(): readonly LearnedWeight[] {
    return this.#weights.list();
  }

  /** Drops the windows, quality and weights of a backend that is gone for good. */
  forget(backendId: BackendId): void {
    this.#backends.delete(backendId);
    this.#weights.forget(backendId);
  }

  /** All of it as plain data, for JSON. */
  state(): LearnedState {
    return {
      version: learnedStateVersion,
      backends: [...this.#backends.entries()].map(([id, record]) => [id, record.state()] as const),
      classes: [...this.#classes.entries()].map(([key, record]) => [key, record.state()] as const),
      durations: this.#durations.state(),
      outputTokens: this.#outputTokens.state(),
      answers: [...this.#answers.entries()],
      weights: this.#weights.state(),
    };
  }

  /**
   * A learner that knows what `value`, a state that was JSON, says; undefined where it is none, or
   * of another version: start with a new one.
   */
  static restored(value: unknown, options?: LearnerOptions): Learner | undefined {
    const state = readLearnedState(value);
    if (state === undefined) return undefined;
    const learner = new Learner(options);
    try {
      learner.#restore(state);
    } catch {
      return undefined;
    }
    return learner;
  }

  #restore(state: LearnedState): void {
    for (const [id, record] of state.backends) {
      this.#backends.use(id, () => new BackendRecord()).restore(record);
    }
    for (const [key, record] of state.classes) {
      this.#classes.use(key, () => new ClassRecord()).restore(record);
    }
    this.#durations.restore(state.durations);
    this.#outputTokens.restore(state.outputTokens);
    for (const [key, average] of state.answers) this.#answers.set(key, average);
    this.#weights.restore(state.weights);
  }

  /** Neither ids nor classes have a space in them, so no two keys are alike. */
  #classKeyOf(backendId: BackendId, model: string, jobClass: string): string {
    return this.#classKeys.of(this.#placeKeys.of(backendId, model), jobClass);
  }
}
