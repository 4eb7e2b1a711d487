import type { BackendRow } from './backend-row.js';
import type { Picker } from './picker.js';
import type { ScoredSet, Scorer } from './scorer.js';
import type { TieBreak } from './tie-breaks.js';

/** A scorer and the points that a rating of 1 is worth. */
type WeightedScorer = {
  readonly scorer: Scorer;
  /** 0 or more; the weights of a strategy add up to 100. */
  readonly weight: number;
  /**
   * The weight for a job that prioritises speed.
   * @default weight
   */
  readonly weightForSpeed?: number;
};

/**
 * What a strategy reads beside what every row has; whoever decides measures only what is read.
 *
 * - `stats`: the windows, speeds and ratings in `row.stats`.
 * - `work`: `outstandingTokens` and `queuedPrefillMs` in `row.stats`, counted from the dispatch on.
 * - `hits`, `output_tokens`, `weights`, `arms`, `openings`: of a job's facts. A strategy that reads
 *   `openings` lets a job with a deadline wait for a better backend (patience/).
 */
export type Reading = 'stats' | 'work' | 'hits' | 'output_tokens' | 'weights' | 'arms' | 'openings';

/**
 * A strategy: data that weighs scorers and takes a picker and a tie-break. The filters are no part
 * of it: they are the same for all (filters/pipeline.ts).
 */
export type Strategy = {
  readonly name: string;
  /** Grows with every change that can change a decision; recorded in each. */
  readonly version: number;
  readonly scorers: readonly WeightedScorer[];
  readonly picker: Picker;
  readonly tieBreak: readonly TieBreak[];
  /** @default nothing */
  readonly reads?: readonly Reading[];
  /** Multiplies a backend's points in all: 0 or more. @default 1 */
  readonly factor?: (row: BackendRow, set: ScoredSet) => number;
  /** Comes before the points: a smaller number goes first, whatever its points. @default 0 */
  readonly precedence?: (row: BackendRow, set: ScoredSet) => number;
  /**
   * True: a job that is sure to be late is not sent, but waits for a better backend that is full,
   * until its deadline; it must read `openings`. @default false
   */
  readonly savesWhenLate?: boolean;
  /** Who decides where this one throws. @default health_aware, then round_robin */
  readonly fallback?: Strategy;
};
