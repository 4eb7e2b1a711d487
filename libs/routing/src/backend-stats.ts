import { unsaid } from './unsaid.js';

/** How fast one model runs at one backend, as measured; the numbers are read where samples > 0. */
export type ModelSpeed = {
  /** A prompt token that is not in the cache costs this. @default 1 */
  readonly prefillMsPerToken: number;
  /** Mean time from the request to the first token, the model being resident. */
  readonly ttftMs: number;
  /** Tokens of one answer in a second; 0 = not measured. */
  readonly decodeTokensPerSec: number;
  readonly samples: number;
  /** What loading the model takes where it is not resident; counted where `residency` is disk. */
  readonly loadMs: number;
  /** `resident`: ready to run; `disk`: loaded first; `unknown`: nobody said. */
  readonly residency: 'resident' | 'disk' | 'unknown';
};

/** A model of which nothing has been measured. */
export const unknownSpeed: ModelSpeed = Object.freeze({
  prefillMsPerToken: 1,
  ttftMs: 0,
  decodeTokensPerSec: 0,
  samples: 0,
  loadMs: 0,
  residency: 'unknown',
});

/**
 * What is measured, reported or configured of a backend beyond what every strategy reads.
 *
 * One object per backend, shared by every row made of it until one of its numbers changes. Where
 * nothing is known a row has `unknownStats`, the same object for all.
 */
export type BackendStats = {
  /** Moving average (a fifth for the newest) of successful durations; 0 = none. */
  readonly ewmaMs: number;
  /** Spread of the durations in the performance window. */
  readonly stddevMs: number;
  /** Successful durations in the performance window (the last 300 s). */
  readonly recentSamples: number;
  /** Failed attempts of those in the window, 0 to 1. */
  readonly errorRatio: number;
  /** Time or checks in which the backend could be used, 0 to 1. */
  readonly availabilityRatio: number;
  /** Attempts ended in the last 60 s; the window of those sent is `row.requestsThisMinute`. */
  readonly requestsLastMinute: number;
  readonly failuresLast5Min: number;
  readonly consecutiveFailures: number;
  /** Mean quality of the last 100 rated answers, 0 to 1; null = none rated. */
  readonly historicalQuality: number | null;
  /** Configured trust, 0 to 1. */
  readonly reliabilityScore: number;
  /** The larger of the uses of processor and GPU, 0 to 1; null = not reported. */
  readonly utilisationRatio: number | null;
  /** Share of the KV cache in use, 0 to 1; null = not reported. */
  readonly kvUsedRatio: number | null;
  /** Input and expected output tokens of the attempts in flight. */
  readonly outstandingTokens: number;
  /** Prefill time of the attempts in flight that have not given their first token. */
  readonly queuedPrefillMs: number;
  /** The most jobs that may wait at the backend; null = no limit. */
  readonly maxQueue: number | null;
  /**
   * The newest heartbeat of any of its executors; null = not followed. Over 15 s ago: all its
   * executors are suspect.
   */
  readonly lastHeartbeatAtMs: number | null;
  /** True for the one that `primary_failover` prefers. */
  readonly isPrimary: boolean;
  /** The most attempts a decoder takes; null or 0 = no limit of its own. */
  readonly decodeConcurrencyLimit: number | null;
  /** The operator's liking, which `intelligent` multiplies by 1.1, 1 or 0.9. */
  readonly priorityLevel: 'high' | 'medium' | 'low';
  /** True where nobody gave a price: it counts as the dearest, and as over every cap. */
  readonly isPriceUnknown: boolean;
  /** By the model's name as jobs give it. */
  readonly models: Readonly<Record<string, ModelSpeed>>;
};

/** A backend of which nothing is known: available, without an error, unlimited. */
export const unknownStats: BackendStats = unsaid<BackendStats>({
  ewmaMs: 0,
  stddevMs: 0,
  recentSamples: 0,
  errorRatio: 0,
  availabilityRatio: 1,
  requestsLastMinute: 0,
  failuresLast5Min: 0,
  consecutiveFailures: 0,
  historicalQuality: null,
  reliabilityScore: 1,
  utilisationRatio: null,
  kvUsedRatio: null,
  outstandingTokens: 0,
  queuedPrefillMs: 0,
  maxQueue: null,
  lastHeartbeatAtMs: null,
  isPrimary: false,
  decodeConcurrencyLimit: null,
  priorityLevel: 'medium',
  isPriceUnknown: false,
  models: Object.freeze({}),
});

/**
 * The stats with `known` in them, the rest as in `before`, always with the fields in one order (see
 * `alike` of a row).
 */
export const backendStats = (
  known: Partial<BackendStats>,
  before: BackendStats = unknownStats,
): BackendStats => ({ ...unknownStats, ...before, ...known });

/** How fast the backend runs `model`; `unknownSpeed` where nothing is known. */
export function speedOf(stats: BackendStats, model: string): ModelSpeed {
  const found = stats.models[model];
  // A caller may name a model "constructor": what the prototype answers has no residency.
  return found?.residency === undefined ? unknownSpeed : found;
}
