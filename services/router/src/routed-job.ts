import { decodeUsdMicros, type ReadJob } from '@switchyard/contracts';
import { priorityClassOf } from '@switchyard/domain';
import type { WaitingJob } from '@switchyard/jobs';
import { noPreferences, type Preferences, type RoutingJob } from '@switchyard/routing';

/** Where a waiting job's message is, so that it can be acknowledged, renewed and read again. */
export type Origin = {
  /** `express`: in no stream; its dispatch is the first that is stored of it. */
  readonly stream: 'JOBS' | 'RETRIES' | 'express';
  readonly seq: number;
  /** Replaced where the message is handed out again. */
  receipt: string;
};

/** A job in the waiting room: routing fields only; its body stays in the stream. */
export type RoutedJob = WaitingJob & {
  readonly routing: RoutingJob;
  readonly strategyName: string;
  readonly origin: Origin;
  readonly cellSeq: number;
  /** The instant at which waiting ends with an outcome; Unix ms. */
  readonly waitUntilMs: number;
  readonly traceparent: string | undefined;
  /** True once `queued` was told. */
  isTold: boolean;
};

/** What the router adds from its settings. */
export type JobDefaults = {
  readonly strategyFor: (kind: string) => string;
  readonly preferences: Preferences;
  readonly maxWaitMs: number;
};

const none: readonly string[] = [];

/**
 * Different words kept at most; beyond it all are forgotten, which costs memory and nothing else.
 */
const wordsMax = 10_000;

/**
 * One copy of every word that many jobs share: a parsed message brings its own copy of its model,
 * account and group, and 100,000 of them wait at once.
 */
const words = new Map<string, string>();
const shared = (word: string): string => {
  const known = words.get(word);
  if (known !== undefined) return known;
  if (words.size >= wordsMax) words.clear();
  words.set(word, word);
  return word;
};

/** The waiting job of a message. */
export function toRoutedJob(
  job: ReadJob,
  origin: Origin,
  defaults: JobDefaults,
  nowMs: number,
  traceparent: string | undefined,
): RoutedJob {
  const { retry } = job;
  const routing = routingOf(job, defaults.preferences);
  const strategyName = job.strategy || defaults.strategyFor(job.kind);
  const deadlineAtMs = job.deadlineAtMs || Number.POSITIVE_INFINITY;
  const notBeforeMs = retry?.notBeforeMs ?? 0;
  const waitsSinceMs = retry ? Math.max(nowMs, notBeforeMs) : job.submittedAtMs;
  return {
    id: job.id,
    account: routing.account,
    priorityClass: priorityClassOf(job.priority),
    priority: job.priority,
    seq: retry?.submissionSeq ?? origin.seq,
    submittedAtMs: job.submittedAtMs,
    deadlineAtMs,
    group: shared(groupOf(routing, strategyName)),
    notBeforeMs,
    routing,
    strategyName: shared(strategyName),
    origin,
    cellSeq: job.cellSeq ?? 0,
    waitUntilMs: Math.min(deadlineAtMs, waitsSinceMs + (job.queueTimeoutMs || defaults.maxWaitMs)),
    traceparent,
    isTold: false,
  };
}

function routingOf(job: ReadJob, defaults: Preferences): RoutingJob {
  const { retry } = job;
  return {
    id: job.id,
    kind: shared(job.kind) as RoutingJob['kind'],
    model: shared(job.model),
    account: shared(job.account),
    priority: job.priority,
    estimatedInputTokens: job.estimatedInputTokens ?? 0,
    maxOutputTokens: job.maxOutputTokens ?? 0,
    ...(job.deadlineAtMs ? { deadlineAtMs: job.deadlineAtMs } : {}),
    preferences: preferencesOf(job, defaults),
    tags: job.tags ?? none,
    excludedBackendIds: retry?.excludedBackends ?? none,
    triedTransient: retry?.transientBackends ?? none,
    attemptNo: retry?.attemptNo ?? 1,
    isStreamed: job.stream === true,
  };
}

function preferencesOf({ preferences: asked }: ReadJob, defaults: Preferences): Preferences {
  if (!asked) return defaults;
  return {
    preferredBackend: asked.preferredBackend || defaults.preferredBackend,
    maxCostPerJobUsdMicros:
      decodeUsdMicros(asked.maxCostUsdMicros) ?? defaults.maxCostPerJobUsdMicros,
    prioritizeSpeed: asked.prioritizeSpeed ?? defaults.prioritizeSpeed,
    allowCloudFallback: asked.allowCloudFallback ?? defaults.allowCloudFallback,
  };
}

/** Everything that decides which backends a job can run on, as one key. */
function groupOf(routing: RoutingJob, strategyName: string): string {
  const { kind, model, preferences, tags, excludedBackendIds } = routing;
  if (preferences === noPreferences && tags.length === 0 && excludedBackendIds.length === 0) {
    return `${kind} ${model} ${strategyName}`;
  }
  return JSON.stringify([kind, model, strategyName, preferences, tags, excludedBackendIds]);
}
