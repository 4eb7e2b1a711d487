import type { BackendRow } from './backend-row.js';
import type { RoutingJob } from './job.js';
import type { JobFacts } from './job-facts.js';
import type { RoutingSettings } from './settings.js';

/**
 * What scorers rate: every registered backend able to do the job, by id, survivors or not, so that
 * a score does not move when another backend drops out.
 */
export type ScoredSet = {
  readonly rows: readonly BackendRow[];
  /** For each row, the job's estimated cost there. */
  readonly costsUsdMicros: readonly number[];
  /** For each row, how long a job is expected to run there. */
  readonly durationsMs: readonly number[];
  readonly job: RoutingJob;
  readonly facts: JobFacts;
  readonly settings: RoutingSettings;
  readonly nowMs: number;
};

/**
 * Rates: one number from 0 to 1 for each row of the set, 1 best. Pure, and never throws.
 *
 * A scorer of which one number is NaN or outside is dropped for that decision, and named in its
 * warnings.
 */
export type Scorer = {
  readonly name: string;
  /** `measures` are those of `measure`, where the scorer has one. */
  readonly score: (set: ScoredSet, measures?: readonly number[]) => number[];
  /** What the rating is made from, in `unit`, one for each row; told with the decision. */
  readonly measure?: (set: ScoredSet) => number[];
  readonly unit?: string;
};

/** One number of one backend; `at` is its place in the set. */
type RowMeasure = (row: BackendRow, set: ScoredSet, at: number) => number;

/** A scorer whose rating is `rating`, already from 0 to 1, of each backend by itself. */
export const ratingOf = (name: string, rating: RowMeasure): Scorer => ({
  name,
  score: (set) => measureEach(set, rating),
});

/**
 * A scorer of a number of which less is better: nothing gets 1, `halfAt` 1/2, twice that 1/3.
 * Numbers below 0 count as 0. It depends on no other backend, and keeps the order at any size.
 */
export const fewer = (options: {
  readonly name: string;
  readonly unit: string;
  readonly halfAt: number;
  readonly measure: RowMeasure;
}): Scorer => ({
  name: options.name,
  unit: options.unit,
  measure: (set) => measureEach(set, options.measure),
  score: (set, measures = measureEach(set, options.measure)) =>
    measures.map((measure) => options.halfAt / (options.halfAt + Math.max(0, measure))),
});

/** A scorer of a number of which more is better: its share of the largest; all 0, all get 0. */
export const shareOfLargest = (options: {
  readonly name: string;
  readonly unit: string;
  readonly measure: RowMeasure;
}): Scorer => ({
  name: options.name,
  unit: options.unit,
  measure: (set) => measureEach(set, options.measure),
  score: (set, measures = measureEach(set, options.measure)) => {
    let largest = 0;
    for (const measure of measures) if (measure > largest) largest = measure;
    return measures.map((measure) => (largest === 0 ? 0 : Math.max(0, measure) / largest));
  },
});

function measureEach(set: ScoredSet, measure: RowMeasure): number[] {
  const { rows } = set;
  const measures = new Array<number>(rows.length);
  for (let at = 0; at < rows.length; at += 1) {
    measures[at] = measure(rows[at] as BackendRow, set, at);
  }
  return measures;
}
