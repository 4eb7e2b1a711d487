import type { BackendRow } from '../backend-row.js';
import { firstFew, type Picker, type PickerInput } from '../picker.js';

/**
 * Most points first, among those of the smallest precedence; equal points in the order of the
 * tie-break, then of the id.
 */
export const best: Picker = {
  name: 'best',
  order: (input) => firstFew(input.survivors, isBetter, input),
};

/** True where the row at `a` goes before the one at `b`. */
export function isBetter(a: number, b: number, input: PickerInput): boolean {
  const { rows, points, tieBreak, precedence, seed } = input;
  if (precedence !== undefined && precedence[a] !== precedence[b]) {
    return (precedence[a] as number) < (precedence[b] as number);
  }
  const pointsA = points[a] as number;
  const pointsB = points[b] as number;
  if (pointsA !== pointsB) return pointsA > pointsB;
  const rowA = rows[a] as BackendRow;
  const rowB = rows[b] as BackendRow;
  for (const keyOf of tieBreak) {
    const keyA = keyOf(rowA, a, seed);
    const keyB = keyOf(rowB, b, seed);
    if (keyA !== keyB) return keyA < keyB;
  }
  return a < b;
}
