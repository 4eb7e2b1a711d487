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
  /** By `<backendId> <class> <model>`. */
  readonly classes: readonly (readonly [key: string, record: ClassRecordState])[];
  readonly durations: DurationModelState;
  readonly outputTokens: OutputTokensState;
  /** Output tokens by `<class> <model>`. */
  readonly answers: readonly (readonly [key: string, outputTokens: Average])[];
  readonly weights: AdaptiveWeightsState;
};

/** Fields that every record of a part has: enough to know what our own writing looks like. */
const recordFields = {
  backends: ['window', 'quality', 'speeds'],
  classes: ['durationMs', 'ttftMs', 'durations', 'ttfts'],
  outputTokens: ['lowestBin', 'counts'],
  answers: ['mean', 'samples'],
} as const;

/**
 * The state that `value` (from JSON) is, or undefined: another version, or not a state of ours.
 * Learning then starts anew, which costs some exploration and nothing else.
 */
export function readLearnedState(value: unknown): LearnedState | undefined {
  if (!isObject(value) || value['version'] !== learnedStateVersion) return undefined;
  const areRecords = Object.entries(recordFields).every(([part, fields]) =>
    isListOf(value[part], fields),
  );
  const { durations, weights } = value;
  const areDurations =
    isObject(durations) &&
    isListOf(durations['places'], ['line', 'successes', 'faults', 'faultMsMean', 'lastAtMs']) &&
    isListOf(durations['corrections'], ['samples', 'mean']) &&
    isListOf(durations['classMeans'], ['samples', 'mean']);
  const areWeights =
    isObject(weights) && Array.isArray(weights['weights']) && Array.isArray(weights['outcomes']);
  return areRecords && areDurations && areWeights ? (value as LearnedState) : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** True for a list of [key, record] in which each record has the fields. */
const isListOf = (value: unknown, fields: readonly string[]): boolean =>
  Array.isArray(value) &&
  value.every(
    (entry: unknown) =>
      Array.isArray(entry) &&
      typeof entry[0] === 'string' &&
      isObject(entry[1]) &&
      fields.every((field) => Object.hasOwn(entry[1] as object, field)),
  );
