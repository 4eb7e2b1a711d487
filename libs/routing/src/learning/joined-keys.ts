/** Beyond so many keys all are dropped, and made again when they are asked for. */
const keysMax = 16_384;

/**
 * Keys of two parts with a space between them, each made once.
 *
 * A string that was just put together is copied and hashed when a map is asked for it: 0.2 us,
 * which is most of what learning costs. One that was asked for before is found in a tenth of that.
 */
export class JoinedKeys {
  readonly #keys = new Map<string, Map<string, string>>();
  #size = 0;

  /** `<first> <second>`. */
  of(first: string, second: string): string {
    let seconds = this.#keys.get(first);
    const found = seconds?.get(second);
    if (found !== undefined) return found;
    if (this.#size >= keysMax) {
      this.#keys.clear();
      this.#size = 0;
      seconds = undefined;
    }
    if (seconds === undefined) {
      seconds = new Map();
      this.#keys.set(first, seconds);
    }
    const key = `${first} ${second}`;
    seconds.set(second, key);
    this.#size += 1;
    return key;
  }
}
