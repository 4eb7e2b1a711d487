/**
 * The tokens of the tiny model, in SentencePiece's terms. A token's id is its place in each list.
 */
export type Vocabulary = {
  readonly pieces: readonly string[];
  /** Merge preference: among possible merges, the highest score is made first. */
  readonly scores: readonly number[];
  /** SentencePiece's kind of each piece, as the numbers of `pieceKind`. */
  readonly kinds: readonly number[];
  /**
   * The id of a whole word or mark of the corpus; undefined if the vocabulary has no room for it.
   */
  idOf(word: string): number | undefined;
};

/** Ids that every SentencePiece vocabulary starts with. */
export const specialIds = { unknown: 0, begin: 1, end: 2 } as const;

/**
 * How many tokens there are; the model is exactly as wide, so that each token gets a dimension of
 * its own.
 */
export const vocabularySize = 2048;

const pieceKind = { normal: 1, unknown: 2, control: 3, unused: 5, byte: 6 } as const;

/** SentencePiece writes the blank before a word as this letter. */
const blank = '▁';
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?\'"-()';

/** Room that is left for bytes, letters and marks when words are taken in. */
const wordPiecesEnd = 1900;

/** The words and marks of a text in order, lower case; other characters separate. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z]+|[.,;:]/g) ?? [];

/**
 * Builds the vocabulary of a text: special tokens, all bytes, letters and marks, then its words,
 * the most frequent first.
 *
 * - SentencePiece joins two neighbours at a time, so every beginning of a word has to be a token,
 *   or the word is never reached; longer beginnings score higher, so that a word once begun is
 *   finished.
 * - Any input can be written: what is no word falls back to letters, and what is no letter to
 *   bytes.
 */
export function buildVocabulary(words: readonly string[]): Vocabulary {
  const pieces: string[] = [];
  const scores: number[] = [];
  const kinds: number[] = [];
  const ids = new Map<string, number>();
  const add = (piece: string, kind: number, score: number) => {
    if (ids.has(piece)) return;
    ids.set(piece, pieces.length);
    pieces.push(piece);
    kinds.push(kind);
    scores.push(score);
  };

  add('<unk>', pieceKind.unknown, 0);
  add('<s>', pieceKind.control, 0);
  add('</s>', pieceKind.control, 0);
  for (let byte = 0; byte < 256; byte++) add(byteName(byte), pieceKind.byte, 0);
  for (const letter of blank + letters) add(letter, pieceKind.normal, -100);
  let rank = 0;
  for (const word of byFrequency(words.filter((each) => each.length > 1))) {
    for (let length = 1; length <= word.length && pieces.length < wordPiecesEnd; length++) {
      rank += 1;
      add(blank + word.slice(0, length), pieceKind.normal, length - 1 - rank / 1_000);
    }
  }
  while (pieces.length < vocabularySize) add(`<unused${pieces.length}>`, pieceKind.unused, -1_000);

  return { pieces, scores, kinds, idOf: (word) => ids.get(blank + word) ?? ids.get(word) };
}

const byteName = (byte: number): string =>
  `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

function byFrequency(words: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([word]) => word);
}
