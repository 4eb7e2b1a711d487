/** One rated answer: each side from 0 to 1, those nobody rated not given. */
export type AnswerRating = {
  readonly relevance?: number;
  readonly accuracy?: number;
  readonly completeness?: number;
  readonly citations?: number;
};

const weights = { relevance: 0.4, accuracy: 0.3, completeness: 0.2, citations: 0.1 } as const;
const sides = Object.keys(weights) as (keyof typeof weights)[];
const ratingsMax = 100;

/**
 * The quality of one answer, 0 to 1: relevance 0.4, accuracy 0.3, completeness 0.2, citations 0.1.
 *
 * - The weights of the sides that were not rated are shared out among the others.
 * - A side outside 0 to 1 counts as not rated; undefined where no side was.
 */
export function qualityOf(rating: AnswerRating): number | undefined {
  let sum = 0;
  let weight = 0;
  for (const side of sides) {
    const value = rating[side];
    if (value === undefined || !(value >= 0 && value <= 1)) continue;
    sum += weights[side] * value;
    weight += weights[side];
  }
  return weight === 0 ? undefined : Math.min(1, sum / weight);
}

/** The quality of the last 100 rated answers of one backend, in 800 bytes. */
export class QualityHistory {
  readonly #qualities: number[] = [];

  /** Takes one in; false where it is no quality. */
  add(quality: number | undefined): boolean {
    if (quality === undefined || !(quality >= 0 && quality <= 1)) return false;
    this.#qualities.push(quality);
    if (this.#qualities.length > ratingsMax) this.#qualities.shift();
    return true;
  }

  /** Their mean; null where none was rated. */
  mean(): number | null {
    if (this.#qualities.length === 0) return null;
    return this.#qualities.reduce((sum, quality) => sum + quality, 0) / this.#qualities.length;
  }

  /** As plain data, the oldest first. */
  state(): readonly number[] {
    return [...this.#qualities];
  }

  /** Takes over a state. */
  restore(state: readonly number[]): void {
    for (const quality of state) this.add(quality);
  }
}
