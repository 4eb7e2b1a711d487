import type { BackendId } from '@switchyard/domain';
import type { BackendRow } from './backend-row.js';
import type { ScoredSet } from './scorer.js';
import type { Turns } from './snapshot.js';
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
  /** For each row, what goes before the points; undefined: nothing does. */
  readonly precedence: readonly number[] | undefined;
  /** For each row, what the strategy's first scorer measured; undefined: it measures nothing. */
  readonly measures: readonly number[] | undefined;
  /** The backend that this pool chose last. */
  readonly lastChosenId: BackendId | undefined;
  /** What this pool's last route left behind. */
  readonly turns: Turns;
  /** For pickers that draw: `randomAt(seed, index)`. */
  readonly seed: number;
  readonly set: ScoredSet;
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
  /** What the pool is to remember once the first of the order was taken. */
  readonly nextTurns?: (input: PickerInput, chosen: number) => Turns;
};

/**
 * The first `rankedMax` of `survivors`, in order, `isBefore` being a strict order.
 *
 * One pass that keeps the best few: sorting a thousand would cost more than all the rest of a
 * decision.
 */
export function firstFew<Context>(
  survivors: readonly number[],
  isBefore: (a: number, b: number, context: Context) => boolean,
  context: Context,
): number[] {
  const kept: number[] = [];
  for (const candidate of survivors) {
    if (kept.length === rankedMax) {
      if (!isBefore(candidate, kept[rankedMax - 1] as number, context)) continue;
      kept.pop();
    }
    let at = kept.length;
    while (at > 0 && isBefore(candidate, kept[at - 1] as number, context)) at -= 1;
    kept.splice(at, 0, candidate);
  }
  return kept;
}

/** `chosen` first, then the others of `order`, `rankedMax` at most. */
export const withFirst = (chosen: number, order: readonly number[]): number[] =>
  [chosen, ...order.filter((at) => at !== chosen)].slice(0, rankedMax);
