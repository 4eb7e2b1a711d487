import type { BackendId } from '@switchyard/domain';
import type { BackendRow } from './backend-row.js';
import type { TieBreak } from './tie-breaks.js';

/** What a picker takes one from. */
export type PickerInput = {
  /** The scored set, by id. */
  readonly rows: readonly BackendRow[];
  /** For each row, its points in all. */
  readonly points: readonly number[];
  /** The positions in `rows` of those that may be taken: one or more, ascending. */
  readonly survivors: readonly number[];
  readonly tieBreak: readonly TieBreak[];
  /** The backend that this pool chose last. */
  readonly lastChosenId: BackendId | undefined;
  /** For pickers that draw: `randomAt(seed, index)`. */
  readonly seed: number;
};

/**
 * The most backends a ranking names: who was refused by so many decides again on a newer snapshot.
 * A whole ranking of 1000 takes longer than all the rest of their decision; every candidate's
 * points are in the decision anyway.
 */
export const rankedMax = 16;

/** Takes one: the chosen survivor first, then those to try after it, `rankedMax` at most. Pure. */
export type Picker = {
  readonly name: string;
  readonly order: (input: PickerInput) => number[];
};
