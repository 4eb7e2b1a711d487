/** What one scorer gave: for each candidate its rating times the weight. */
export type Component = {
  readonly name: string;
  readonly weight: number;
  readonly points: readonly number[];
  /** What the ratings were made from, in `unit`, where the scorer measures something. */
  readonly measures?: readonly number[];
  readonly unit?: string;
};
