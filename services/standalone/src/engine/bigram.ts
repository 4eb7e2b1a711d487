import { type Vocabulary, specialIds, vocabularySize } from './vocabulary.js';

/**
 * Log-probability of a token that was never seen anywhere, and of the end of the text inside a
 * sentence.
 */
const neverSeen = -8;
const endInsideSentence = -9;

/** How likely the text ends after a full stop: answers of about three sentences. */
const endAfterFullStop = 0.35;

/**
 * The bigram table of a text: `table[next * vocabularySize + current]` is the log-probability that
 * `next` follows `current`.
 *
 * - A pair that was seen has the share of its count among all pairs that begin alike.
 * - A word that was seen, but not in this pair, keeps a small chance by its own frequency.
 * - The end of the text follows a full stop, and hardly anything else.
 */
export function bigramTable(words: readonly string[], vocabulary: Vocabulary): Float32Array {
  const ids = words.map((word) => vocabulary.idOf(word)).filter((id) => id !== undefined);
  const table = new Float32Array(vocabularySize * vocabularySize).fill(neverSeen);
  const row = (next: number) => table.subarray(next * vocabularySize, (next + 1) * vocabularySize);

  for (const [id, count] of countEach(ids))
    row(id).fill(Math.log(1e-4 + 0.01 * (count / ids.length)));
  const begins = countEach(ids.slice(0, -1));
  const pairs = countEach(ids.slice(1).map((next, at) => pairKey(ids[at] ?? 0, next)));
  for (const [key, count] of pairs) {
    const [current, next] = pairOf(key);
    row(next)[current] = Math.log(count / (begins.get(current) ?? 1));
  }
  const end = row(specialIds.end).fill(endInsideSentence);
  const fullStop = vocabulary.idOf('.');
  if (fullStop !== undefined) end[fullStop] = Math.log(endAfterFullStop);
  return table;
}

const pairKey = (current: number, next: number): number => current * vocabularySize + next;
const pairOf = (key: number): [number, number] => [
  Math.floor(key / vocabularySize),
  key % vocabularySize,
];

function countEach(ids: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
