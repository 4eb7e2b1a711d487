import type { BackendRow } from '../backend-row.js';
import type { ExclusionReason } from '../exclusion.js';

/** What filters read of rows in columns, by the row's place; `Standing` fills them. */
export type Columns = {
  readonly rows: readonly BackendRow[];
  /** Of the first filter that excludes the row whatever else the job asks; null = none does. */
  readonly reasons: readonly (ExclusionReason | null)[];
  /** The filters before that one that depend on what else the job asks, as a set of bits. */
  readonly open: Readonly<Uint32Array>;
  /** NaN = unknown. */
  readonly windowTokens: Readonly<Float64Array>;
  readonly isUnpriced: Readonly<Uint8Array>;
  /** How long a job is expected to run there. */
  readonly durationsMs: Readonly<Float64Array>;
  /** How long those who wait there take before another begins. */
  readonly waitsMs: Readonly<Float64Array>;
  /** The newest heartbeat; Infinity = not followed. */
  readonly heardAtMs: Readonly<Float64Array>;
};
