import { BlockLru } from './block-lru.js';
import type { PromptKeys } from './keys.js';

/** A block that so many prompts began with is static. */
const timesSeen = 3;
/** Blocks counted at once: 400 KB. Those seen longest ago are forgotten. */
const countedBlocks = 10_000;
/** Blocks registered by the operator: 400 KB. */
const registeredBlocks = 10_000;

/** Which blocks `LOCAL_STATIC` keeps: registered ones, and those seen three times. */
export class StaticBlocks {
  readonly #registered = new BlockLru(registeredBlocks);
  readonly #counted = new BlockLru(countedBlocks);

  /** The operator names a prompt (a system prompt) that is static from the first time. */
  register({ keys }: PromptKeys): void {
    for (let at = 0; at < keys.length; at += 1) this.#registered.use(keys[at] as number, 0);
  }

  /** A prompt was served. */
  count({ keys }: PromptKeys): void {
    // From the end, so that the blocks nearest to the beginning are forgotten last.
    for (let at = Math.min(keys.length, countedBlocks) - 1; at >= 0; at -= 1) {
      const key = keys[at] as number;
      this.#counted.use(key, Math.min(timesSeen, (this.#counted.tagOf(key) ?? 0) + 1));
    }
  }

  /** How many leading blocks of the prompt are static. */
  leading({ keys }: PromptKeys): number {
    let count = 0;
    while (count < keys.length && this.#isStatic(keys[count] as number)) count += 1;
    return count;
  }

  #isStatic(key: number): boolean {
    return this.#counted.tagOf(key) === timesSeen || this.#registered.tagOf(key) !== undefined;
  }
}
