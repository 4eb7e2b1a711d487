import type { BackendId } from '@switchyard/domain';
import type { AdaptiveWeightsState } from './adaptive-weights.js';
import type { BackendRecordState } from './backend-record.js';
import type { ClassRecordState } from './class-record.js';
import type { DurationModelState } from './duration-model.js';
import type { Average } from './ema.js';
import type { OutputTokensState } from './output-tokens.js';

/** Grows when an older state can no longer be read. */
export const learnedStateVersion = 1;

/** All that was learned, as plain data. */
export type LearnedState = {
  readonly version: typeof learnedStateVersion;
  readonly backends: readonly (readonly [id: BackendId, record: BackendRecordState])[];
  /** By `<backendId> <model> <class>`. */
  readonly classes: readonly (readonly [key: string, record: ClassRecordState])[];
  readonly durations: DurationModelState;
  readonly outputTokens: OutputTokensState;
  /** Output tokens by `<class> <model>`. */
  readonly answers: readonly (readonly [key: string, outputTokens: Average])[];
  readonly weights: AdaptiveWeightsState;
};

/**
 * What the records are like: 0 stands for a number of 0 or more, -1 for any number, [] for a list
 * of nothing but numbers.
 */
const average = { mean: -1, samples: 0 };
const sketch = { lowestBin: 0, counts: [] };
const count = { newestStep: 0, counts: [] };
const line = { samples: 0, xMean: 0, yMean: -1, xVariance: 0, covariance: -1, variance: 0 };
const speed = {
  prefillMsPerToken: average,
  ttftMs: average,
  decodeTokensPerSec: average,
  loadMs: average,
  samples: 0,
};
const ended = { ended: count, successes: count, failures: count };
const window = { durations: [], ...ended, ewma: average, consecutiveFailures: 0 };
const jobClass = { durationMs: average, ttftMs: average, durations: sketch, ttfts: sketch };
const place = { line, successes: 0, faults: 0, faultMsMean: 0, lastAtMs: 0 };

/**
 * The state that `value` (from JSON) is, or undefined: another version, or not a state of ours.
 * Learning then starts anew, which costs some exploration and nothing else.
 */
export function readLearnedState(value: unknown): LearnedState | undefined {
  if (!isObject(value) || value['version'] !== learnedStateVersion) return undefined;
  const { durations, weights } = value;
  const areRecords =
    isListOf(value['backends'], isBackend) &&
    isListOf(value['classes'], like(jobClass)) &&
    isListOf(value['outputTokens'], like(sketch)) &&
    isListOf(value['answers'], like(average));
  const areDurations =
    isObject(durations) &&
    isListOf(durations['places'], like(place)) &&
    isListOf(durations['corrections'], like(average)) &&
    isListOf(durations['classMeans'], like(average));
  const areWeights =
    isObject(weights) &&
    isListOf(weights['weights'], Number.isFinite) &&
    isListOf(weights['outcomes'], Number.isFinite) &&
    Number.isFinite(weights['updatedAtMs']);
  return areRecords && areDurations && areWeights ? (value as LearnedState) : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Says of a value whether it has what the template has, or more. */
const like =
  (template: unknown) =>
  (value: unknown): boolean => {
    if (Array.isArray(template)) return Array.isArray(value) && value.every(isNumeric);
    if (!isObject(template))
      return Number.isFinite(value) && (template === -1 || Number(value) >= 0);
    if (!isObject(value)) return false;
    return Object.entries(template).every(
      ([name, each]) => Object.hasOwn(value, name) && like(each)(value[name]),
    );
  };

/** True for a number, and for lists of nothing but numbers. */
const isNumeric = (value: unknown): boolean =>
  Array.isArray(value) ? value.every(isNumeric) : Number.isFinite(value);

const isBackend = (value: unknown): boolean =>
  like({ window, quality: [] })(value) &&
  isListOf((value as Record<string, unknown>)['speeds'], like(speed));

/** True for a list of [key, ...values], each value being right. */
const isListOf = (value: unknown, isRight: (value: unknown) => boolean): boolean =>
  Array.isArray(value) &&
  value.every((entry: unknown) => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string' || entry.length < 2) return false;
    return entry.slice(1).every((each) => isRight(each));
  });
