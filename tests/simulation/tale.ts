/** How many of the last lines are kept for whoever has to read them. */
const keptMax = 400;

/**
 * What happened in a world, line by line. Kept as a number, by which two runs are compared, and as
 * its last lines; as a whole where somebody wants to read it.
 */
export class Tale {
  readonly #now: () => number;
  readonly #lines: string[] = [];
  readonly #isWhole: boolean;
  #mark = 0x811c9dc5;
  count = 0;

  constructor(now: () => number, isWhole: boolean) {
    this.#now = now;
    this.#isWhole = isWhole;
  }

  tell(line: string): void {
    const text = `${this.#now().toFixed(1)} ${line}`;
    for (let at = 0; at < text.length; at += 1) {
      this.#mark = Math.imul(this.#mark ^ text.charCodeAt(at), 0x01000193) >>> 0;
    }
    this.count += 1;
    this.#lines.push(text);
    if (!this.#isWhole && this.#lines.length > 2 * keptMax) this.#lines.splice(0, keptMax);
  }

  /** Differs where any line differs. */
  get mark(): string {
    return `${this.count}:${this.#mark.toString(16)}`;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}
