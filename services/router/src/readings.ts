import type { Config } from '@switchyard/config';
import type { ReadJob, WireBackend, WireDispatch, WireObservation } from '@switchyard/contracts';
import {
  type DecisionInput,
  type JobFacts,
  noFacts,
  Patience,
  prefillMsOf,
  type PrefixState,
  PrefixView,
  PromptKeyer,
  type PromptKeys,
  promptPartsOf,
  questionOf,
  type QueryType,
  queryTypeOf,
  type Reading,
  type RouteDecision,
  type RoutingJob,
  speedOf,
  type Strategy,
  findRow,
  keysOfText,
} from '@switchyard/routing';
import type { BackendMeasures } from './backend-measures.js';
import type { Fleet } from './fleet.js';
import type { Learning } from './learning.js';

/** What was read of a job's body when it came in; its text is not kept. */
export type BodyReading = {
  readonly prompt: PromptKeys | undefined;
  readonly queryType: QueryType;
};

/** What a dispatch says of the decision, for whoever learns from its attempt. */
export type Hints = Pick<WireDispatch, 'inFlight' | 'queryType' | 'hitTokens' | 'tellsFirstToken'>;

/** What the readings are taken from. */
export type ReadingsDeps = {
  readonly fleet: Fleet;
  readonly measures: BackendMeasures;
  readonly learning: Learning;
};

const prefixModes = { dynamic: 'LOCAL_DYNAMIC', static: 'LOCAL_STATIC', none: 'NONE' } as const;
const defaultPrefixCache = { mode: 'dynamic', blockTokens: 500, cacheTokens: 500_000 } as const;

const nothing: readonly Reading[] = [];

/**
 * What strategies read beside what every row has. Nothing is measured that no strategy has asked
 * for: prompts are hashed, questions told apart and facts worked out only for jobs of a strategy
 * that reads them, and work in flight is counted from the first such job on.
 */
export class Readings {
  readonly #deps: ReadingsDeps;
  readonly #prefixes: PrefixView;
  readonly #keyer: PromptKeyer;
  #countsWork = false;
  #isServedAnew = false;
  /** Jobs that wait each for a backend of its own choice. */
  readonly patience = new Patience();

  constructor(deps: ReadingsDeps, prefixCache: Config['prefixCache'] = defaultPrefixCache) {
    this.#deps = deps;
    const { mode, blockTokens, cacheTokens } = prefixCache;
    this.#keyer = new PromptKeyer({ blockTokens });
    const defaultBlocks = cacheTokens / blockTokens;
    this.#prefixes = new PrefixView({ mode: prefixModes[mode], blockTokens, defaultBlocks });
  }

  /**
   * Reads the body of a job that came in; undefined where its strategy reads nothing of it. One
   * that travels through the object store is not fetched for this: its door tells the keys.
   */
  ofBody(job: ReadJob, { reads = nothing }: Strategy): BodyReading | undefined {
    const readsHits = reads.includes('hits');
    const readsWeights = reads.includes('weights');
    if (!readsHits && !readsWeights) return undefined;
    const body = job.bodyRef ? undefined : job.body;
    if (!body && !job.promptKeys) return undefined;
    return {
      prompt: readsHits ? this.#promptOf(job, body) : undefined,
      queryType:
        readsWeights && body ? queryTypeOf(questionOf(body), queryTypeIn(body)) : noFacts.queryType,
    };
  }

  #promptOf({ model, promptKeys }: ReadJob, body: ReadJob['body']): PromptKeys | undefined {
    const told = promptKeys && keysOfText(model, promptKeys, this.#keyer.blockTokens);
    if (told) return told;
    return body && this.#keyer.ofParts(model, promptPartsOf(body));
  }

  /**
   * Brings the rows up to date for a strategy that reads their stats, and works out what it reads
   * of this job; undefined where that is nothing.
   */
  factsFor(
    job: RoutingJob,
    reading: BodyReading | undefined,
    strategy: Strategy,
    nowMs: number,
  ): JobFacts | undefined {
    const { reads = nothing } = strategy;
    if (reads.length === 0) return undefined;
    if (reads.includes('work')) this.#countsWork = true;
    const { fleet, learning } = this.#deps;
    fleet.measure(nowMs);
    const { learner } = learning;
    const queryType = reading?.queryType ?? noFacts.queryType;
    const prompt = reading?.prompt;
    const readsOutput = reads.includes('output_tokens') || reads.includes('work');
    const readsLearned = reads.includes('arms') || reads.includes('weights');
    const { snapshot } = fleet;
    const openings = this.patience.openingsFor(job, strategy, snapshot, nowMs);
    if (!prompt && !readsOutput && !readsLearned && !openings) return undefined;
    const expectedOutputTokens = readsOutput ? learner.expectedOutputTokens(job) : undefined;
    const { backends } = snapshot;
    return {
      ...noFacts,
      queryType,
      ...(prompt ? { hitTokens: this.#prefixes.hitTokens(prompt) } : {}),
      ...(readsLearned ? { learned: learner.learnedFor(job, queryType, backends, nowMs) } : {}),
      ...(expectedOutputTokens === undefined ? {} : { expectedOutputTokens }),
      ...(openings ? { openings } : {}),
    };
  }

  /** A job was decided and has its slot: what it takes is counted, what it leaves is expected. */
  dispatched(
    { job, strategy, facts, snapshot, nowMs }: DecisionInput,
    reading: BodyReading | undefined,
    { backendId }: RouteDecision,
  ): Hints {
    const row = findRow(snapshot, backendId);
    const inFlight = row?.inFlight ?? 0;
    const hitTokens = facts?.hitTokens[backendId] ?? 0;
    if (reading?.prompt) {
      this.#prefixes.served(backendId, reading.prompt);
      this.#isServedAnew = true;
    }
    this.patience.dispatched(job.id, backendId, nowMs);
    if (this.#countsWork) {
      const { work } = this.#deps.measures;
      const inputTokens = job.estimatedInputTokens;
      const { prefillMsPerToken } = row ? speedOf(row.stats, job.model) : { prefillMsPerToken: 1 };
      work.dispatched({
        attempt: job.id,
        backendId,
        tokens: inputTokens + (facts?.expectedOutputTokens ?? job.maxOutputTokens),
        prefillMs: prefillMsOf({ inputTokens, hitTokens, prefillMsPerToken }),
      });
      this.#deps.measures.touch(backendId, nowMs);
    }
    const readsWeights = strategy.reads?.includes('weights') === true;
    return {
      ...(inFlight > 0 ? { inFlight } : {}),
      ...(hitTokens > 0 ? { hitTokens } : {}),
      ...(readsWeights && facts ? { queryType: facts.queryType } : {}),
      ...(this.#countsWork && job.isStreamed ? { tellsFirstToken: true } : {}),
    };
  }

  /** An attempt gave its first token. */
  firstToken(backendId: string, jobId: string, nowMs: number): void {
    this.#deps.measures.work.firstToken(jobId);
    this.#deps.measures.touch(backendId, nowMs);
  }

  /** A job runs no longer, or could not be sent. */
  ended(jobId: string, nowMs: number): void {
    this.patience.ended(jobId);
    if (!this.#countsWork) return;
    const { measures } = this.#deps;
    const backendId = measures.work.backendOf(jobId);
    if (backendId === undefined) return;
    measures.work.ended(jobId);
    measures.touch(backendId, nowMs);
  }

  /** What the caches hold, where prompts were served since it was asked for last. */
  prefixState(): PrefixState | undefined {
    if (!this.#isServedAnew) return undefined;
    this.#isServedAnew = false;
    return this.#prefixes.state();
  }

  /** Goes on from what another router knew; false where that is of no use here. */
  restorePrefixes(state: PrefixState): boolean {
    return this.#prefixes.restore(state);
  }

  /** The backend restarted, or is dead: its cache is empty. */
  forgetPrefixes(backendId: string): void {
    this.#prefixes.forget(backendId);
  }

  /** The backend's record changed: models that it unloaded left its cache. */
  foldBackend(backendId: string, record: WireBackend | undefined): void {
    const unloaded = this.#deps.measures.foldBackend(backendId, record);
    if (record) this.#prefixes.setCacheTokens(backendId, record.prefixCacheTokens || null);
    if (!record) this.#prefixes.remove(backendId);
    else for (const model of unloaded) this.#prefixes.forget(backendId, model);
  }

  /** Who cannot be reached is not there any more; when it comes back, its cache is empty. */
  foldObservation({ backendId = '', failureCode }: WireObservation): void {
    if (failureCode === 'upstream_unreachable') this.#prefixes.forget(backendId);
  }
}

/** What the caller says that its question is. */
function queryTypeIn(body: Readonly<Record<string, unknown>>): unknown {
  const { context } = body;
  return typeof context === 'object' && context !== null && 'query_type' in context
    ? context.query_type
    : undefined;
}
