import type { ExclusionReason } from '../exclusion.js';
import type { Ask } from '../filter.js';
import type { Columns } from './columns.js';

/** A filter that is not applied where it would leave nobody: narrow.ts asks it of whole columns. */
export type SetRule = {
  readonly reason: ExclusionReason;
  /** Of the `at`th row. */
  readonly excludes: (at: number, columns: Columns, ask: Ask) => boolean;
};
