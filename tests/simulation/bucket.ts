/** Told of each change of a bucket; `undefined` as value for a removed key. */
export type HearChange = (key: string, value: object | undefined) => void;

/** One key-value bucket at the server. */
export class Bucket {
  readonly #values = new Map<string, { readonly value: object; readonly revision: number }>();
  readonly #watches = new Set<HearChange>();
  #revision = 0;

  get(key: string) {
    const found = this.#values.get(key);
    return found && { key, ...found };
  }

  all() {
    return [...this.#values].map(([key, found]) => ({ key, ...found }));
  }

  put(key: string, value: object): number {
    this.#revision += 1;
    this.#values.set(key, { value, revision: this.#revision });
    for (const tell of this.#watches) tell(key, value);
    return this.#revision;
  }

  /** Writes over what the writer last read; undefined where another wrote in between. */
  replace(key: string, value: object, revision: number | undefined): number | undefined {
    if (this.#values.get(key)?.revision !== revision) return undefined;
    return this.put(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    for (const tell of this.#watches) tell(key, undefined);
  }

  watch(tell: HearChange): () => void {
    this.#watches.add(tell);
    return () => void this.#watches.delete(tell);
  }
}
