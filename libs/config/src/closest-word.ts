/**
 * The word of `known` that `word` was probably meant to be: one that begins with it, else the one
 * with the fewest slips between them; undefined where none is near.
 */
export function closestWord(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  // A third of the letters wrong is still a slip; more is another word.
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const isBeginning = word.length > 3 && candidate.startsWith(`${word}_`);
    if (isBeginning) return candidate;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Letters to insert, remove, replace or swap with their neighbour to make `a` into `b`. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = cell(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = isSwapped ? cell(row - 2, column - 2) + 1 : replaced;
      const shifted = Math.min(cell(row - 1, column), cell(row, column - 1)) + 1;
      current.push(Math.min(replaced, swapped, shifted));
    }
  }
  return cell(a.length, b.length);
}
