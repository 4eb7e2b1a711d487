import type { BackendRow } from '../backend-row.js';
import { type Picker, type PickerInput, rankedMax } from '../picker.js';

/** Most points first; equal points in the order of the tie-break, then of the id. */
export const best: Picker = {
  name: 'best',
  order: (input) => {
    // One pass that keeps the best few: sorting a thousand would cost more than all the rest of a
    // decision.
    const kept: number[] = [];
    for (const candidate of input.survivors) {
      if (kept.length === rankedMax) {
        if (!isBetter(candidate, kept[rankedMax - 1] as number, input)) continue;
        kept.pop();
      }
      let at = kept.length;
      while (at > 0 && isBetter(candidate, kept[at - 1] as number, input)) at -= 1;
      kept.splice(at, 0, candidate);
    }
    return kept;
  },
};

function isBetter(a: number, b: number, { rows, points, tieBreak }: PickerInput): boolean {
  const pointsA = points[a] as number;
  const pointsB = points[b] as number;
  if (pointsA !== pointsB) return pointsA > pointsB;
  const rowA = rows[a] as BackendRow;
  const rowB = rows[b] as BackendRow;
  for (const keyOf of tieBreak) {
    const keyA = keyOf(rowA);
    const keyB = keyOf(rowB);
    if (keyA !== keyB) return keyA < keyB;
  }
  return a < b;
}
