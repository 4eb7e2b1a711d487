import { chargeTagsOf, decodeUsdMicros, type ReadJob } from '@switchyard/contracts';
import { type PriorityClass, priorityClassOf } from '@switchyard/domain';
import {
  findServedStrategy,
  type Preferences,
  type PreferenceWishes,
  resolvePreferences,
  type RoutingJob,
  strategies,
  type Strategy,
} from '@switchyard/routing';
import { LRUCache } from 'lru-cache';

/** What the router adds to a job from its settings. */
export type JobDefaults = {
  readonly strategyFor: (kind: string) => string;
  readonly preferences: Preferences;
  /** Of an account that keeps some. @default preferences */
  readonly preferencesFor?: (account: string) => Preferences;
  readonly maxWaitMs: number;
  /** The longest wait before a retry. @default as long as the retry says */
  readonly retryDelayMsMax?: number;
};

/** What many waiting jobs have in common. */
export type Stamp = Omit<
  RoutingJob,
  'id' | 'estimatedInputTokens' | 'maxOutputTokens' | 'deadlineAtMs'
> & {
  readonly priorityClass: PriorityClass;
  readonly strategy: Strategy;
  /** Everything that decides which backends a job can run on, as one key. */
  readonly group: string;
  /** Name of the API key it came with. */
  readonly apiKey: string | undefined;
  /** Everything that its costs are counted under, `tags` among them. */
  readonly chargeTags: readonly string[];
};

/** Different stamps kept; a job whose stamp was forgotten gets an equal one. */
const stampsMax = 10_000;
const none: readonly string[] = [];

/**
 * One stamp for all jobs that differ in nothing but themselves: a parsed message brings its own
 * copy of every word, and 100,000 of them wait at once.
 */
export class Stamps {
  readonly #defaults: JobDefaults;
  readonly #known = new LRUCache<string, Stamp>({ max: stampsMax });

  constructor(defaults: JobDefaults) {
    this.#defaults = defaults;
  }

  /** What jobs get beside their own words has changed. */
  forget(): void {
    this.#known.clear();
  }

  /** The stamp of a job: a shared one unless it asks for something of its own. */
  of(job: ReadJob): Stamp {
    const strategyName = job.strategy || this.#defaults.strategyFor(job.kind);
    const isOwn = job.preferences || job.tags || job.costTags || job.retry;
    if (isOwn) return this.#make(job, strategyOf(strategyName));
    const { kind, model, account, priority, stream, apiKey = '' } = job;
    const key = `${kind}\n${model}\n${strategyName}\n${account}\n${priority}\n${stream === true}\n${apiKey}`;
    let stamp = this.#known.get(key);
    if (!stamp) {
      stamp = this.#make(job, strategyOf(strategyName));
      this.#known.set(key, stamp);
    }
    return stamp;
  }

  #make(job: ReadJob, strategy: Strategy): Stamp {
    const { retry } = job;
    const lastFailureAtMs = retry?.attempts?.at(-1)?.endedAtMs;
    const { preferences: configured, preferencesFor } = this.#defaults;
    const defaults = preferencesFor?.(job.account) ?? configured;
    const routing = {
      kind: job.kind as RoutingJob['kind'],
      model: job.model,
      account: job.account,
      priority: job.priority,
      preferences: resolvePreferences(wishesOf(job), undefined, defaults),
      tags: job.tags ?? none,
      excludedBackendIds: retry?.excludedBackends ?? none,
      triedTransient: retry?.transientBackends ?? none,
      ...(lastFailureAtMs === undefined ? {} : { lastFailureAtMs }),
      attemptNo: retry?.attemptNo ?? 1,
      isStreamed: job.stream === true,
    };
    const priorityClass = priorityClassOf(job.priority);
    const group = groupOf(routing, strategy.name, configured);
    const chargeTags = chargeTagsOf(job) ?? none;
    return { ...routing, priorityClass, strategy, group, apiKey: job.apiKey, chargeTags };
  }
}

/** Names were checked when they came in; one of a later version decides as `score` does. */
function strategyOf(name: string): Strategy {
  const found = findServedStrategy(name);
  return 'unknown' in found ? strategies.score : found;
}

/** What the request itself says; protobuf leaves out what is empty. */
function wishesOf({ preferences: asked }: ReadJob): PreferenceWishes | undefined {
  if (!asked) return undefined;
  return {
    preferredBackend: asked.preferredBackend || undefined,
    maxCostPerJobUsdMicros: decodeUsdMicros(asked.maxCostUsdMicros),
    prioritizeSpeed: asked.prioritizeSpeed,
    allowCloudFallback: asked.allowCloudFallback,
  };
}

type Grouped = Pick<RoutingJob, 'kind' | 'model' | 'preferences' | 'tags' | 'excludedBackendIds'>;

function groupOf(routing: Grouped, strategyName: string, defaults: Preferences): string {
  const { kind, model, preferences, tags, excludedBackendIds } = routing;
  if (preferences === defaults && tags.length === 0 && excludedBackendIds.length === 0) {
    return `${kind} ${model} ${strategyName}`;
  }
  return JSON.stringify([kind, model, strategyName, preferences, tags, excludedBackendIds]);
}
