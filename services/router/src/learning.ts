import type { Objects } from '@switchyard/bus';
import {
  decode,
  encode,
  type LearnedReport,
  type RateAnswer,
  type WireObservation,
} from '@switchyard/contracts';
import { AppError, type FailureCode, type JobKind } from '@switchyard/domain';
import {
  type BackendRow,
  Learner,
  type LearnerOptions,
  type Observation,
  queryTypes,
} from '@switchyard/routing';
import { LRUCache } from 'lru-cache';
import type { RouterContext } from './context.js';

/** How often what was learned is saved, where something was. */
const saveEveryMs = 60_000;
/** Ratings remembered so that one said again does not count again. */
const ratingsKept = 1_000;
/** Its name in the object store. */
const learnedName = 'router/learned';

/**
 * What this router learns from every attempt that is told, whoever dispatched it, so that one that
 * takes over knows as much. Saved by the active router once a minute and when it stops; read at the
 * start.
 */
export class Learning {
  readonly #context: Pick<RouterContext, 'bus' | 'log' | 'now'>;
  readonly #options: LearnerOptions;
  #objects: Objects | undefined;
  #isChanged = false;
  #savedAtMs = 0;
  readonly #counted = new LRUCache<string, true>({ max: ratingsKept });
  learner: Learner;

  constructor(context: Pick<RouterContext, 'bus' | 'log' | 'now' | 'learning'>) {
    this.#context = context;
    this.#options = context.learning ?? {};
    this.learner = new Learner(this.#options);
  }

  /** Takes up what was saved; what cannot be read is learned anew. */
  async restore(): Promise<void> {
    const { bus, log, now } = this.#context;
    this.#savedAtMs = now();
    try {
      this.#objects = await bus.objects();
      const saved = await this.#objects.get(learnedName);
      if (!saved) return;
      const restored = Learner.restored(decode<object>(saved), this.#options);
      if (restored) this.learner = restored;
      else log.warn({}, 'what was learned cannot be read by this version: learning starts anew');
    } catch (caught) {
      log.warn({ err: AppError.from(caught).message }, 'what was learned could not be read');
    }
  }

  /** Takes one ended attempt in. */
  observe(told: WireObservation): void {
    this.learner.observe(observationOf(told));
    this.#isChanged = true;
  }

  /**
   * Takes in how good an answer was, each side from 0 to 1; false where no side was rated, or the
   * same rating was counted before.
   */
  rate(backendId: string, { ratingId, ...rating }: Omit<RateAnswer, 'backendId'>): boolean {
    if (ratingId !== undefined) {
      if (this.#counted.has(ratingId)) return false;
      this.#counted.set(ratingId, true);
    }
    const isRated = this.learner.rateAnswer(backendId, rating);
    if (isRated) this.#isChanged = true;
    return isRated;
  }

  /** Once a second. `isActive`: this router has the role, so that what it knows is saved. */
  tick(nowMs: number, isActive: boolean): void {
    if (this.learner.update(nowMs)) this.#isChanged = true;
    if (isActive && nowMs - this.#savedAtMs >= saveEveryMs) void this.save();
  }

  /** Saves what was learned since the last time. */
  async save(): Promise<void> {
    if (!this.#isChanged || !this.#objects) return;
    this.#isChanged = false;
    this.#savedAtMs = this.#context.now();
    try {
      await this.#objects.put(learnedName, Buffer.from(encode(this.learner.state())));
    } catch (caught) {
      this.#isChanged = true;
      this.#context.log.warn(
        { err: AppError.from(caught).message },
        'what was learned could not be saved yet',
      );
    }
  }
}

/** What an asker is told of it, `rows` being the backends that there are. */
export function learnedReport(
  { learner }: Learning,
  rows: readonly Pick<BackendRow, 'id' | 'stats' | 'durationMsMean' | 'durationSamples'>[],
): LearnedReport {
  return {
    weights: learner.learnedWeights(),
    backends: rows.map(({ id, stats, durationMsMean, durationSamples }) => ({
      backendId: id,
      durationMsMean,
      durationSamples,
      errorRatio: stats.errorRatio,
      availabilityRatio: stats.availabilityRatio,
      quality: stats.historicalQuality,
      models: stats.models,
    })),
  };
}

/** The told observation in the words of the learner; ProtoJSON leaves out what is 0 or empty. */
function observationOf(told: WireObservation): Observation {
  const known: Mutable<Observation> = {
    backendId: told.backendId ?? '',
    model: told.model ?? '',
    kind: (told.kind ?? 'chat') as JobKind,
    account: told.account ?? '',
    failure: (told.failureCode || null) as FailureCode | null,
    endedAtMs: told.atMs ?? 0,
    durationMs: told.durationMs ?? 0,
    estimatedInputTokens: told.estimatedInputTokens ?? 0,
    maxOutputTokens: told.maxOutputTokens ?? 0,
    inFlightAtDispatch: told.inFlight ?? 0,
    inputTokens: told.inputTokens ?? 0,
    hitTokens: told.hitTokens ?? 0,
    outputTokens: told.outputTokens ?? 0,
  };
  if (told.queryType) {
    const queryType = queryTypes.find((type) => type === told.queryType);
    if (queryType) known.queryType = queryType;
  }
  if (told.ttftMs !== undefined) known.ttftMs = told.ttftMs;
  if (told.promptMs) known.prefillMs = told.promptMs;
  if (told.loadMs) known.loadMs = told.loadMs;
  return known;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };
