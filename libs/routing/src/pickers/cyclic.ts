import type { BackendId } from '@switchyard/domain';
import type { BackendRow } from '../backend-row.js';
import { type Picker, type PickerInput, rankedMax } from '../picker.js';

/**
 * The first id after the one chosen last, then on around the circle.
 *
 * It goes by id, not by position, so that nobody is skipped or favoured when the set changes.
 */
export const cyclic: Picker = {
  name: 'cyclic',
  order: (input) => aroundFrom(input, input.survivors),
};

/** `survivors` in the order of the circle, from the one after the last chosen on. */
export function aroundFrom(
  { rows, lastChosenId }: PickerInput,
  survivors: readonly number[],
): number[] {
  const count = survivors.length;
  let start = 0;
  if (lastChosenId !== undefined) {
    while (start < count && idAt(rows, survivors, start) <= lastChosenId) start += 1;
  }
  const kept: number[] = [];
  for (let step = 0; step < count && step < rankedMax; step += 1) {
    kept.push(survivors[(start + step) % count] as number);
  }
  return kept;
}

const idAt = (rows: readonly BackendRow[], survivors: readonly number[], at: number): BackendId =>
  (rows[survivors[at] as number] as BackendRow).id;
