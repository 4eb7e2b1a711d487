import type { BackendId } from '@switchyard/domain';
import { BlockLru } from './block-lru.js';
import { defaultBlockTokens, keyScheme, type PromptKeys } from './keys.js';
import { StaticBlocks } from './static-blocks.js';

/**
 * What the view follows: nothing; prompts that come again and again; every prompt.
 */
export const prefixModes = ['NONE', 'LOCAL_STATIC', 'LOCAL_DYNAMIC'] as const;

/** One of the modes. */
export type PrefixMode = (typeof prefixModes)[number];

/** What the operator sets of the view. */
export type PrefixViewOptions = {
  /** @default LOCAL_DYNAMIC */
  readonly mode?: PrefixMode;
  /** Tokens of one block, the same as of the keys. @default 500 */
  readonly blockTokens?: number;
  /** Blocks of a backend that does not say how large its cache is, from 1. @default 1000 */
  readonly defaultBlocks?: number;
};

/** Blocks of all caches in a state: 3 MB. */
const stateBlocksMax = 262_144;
/** A backend that claims a larger cache is taken to have this one: 10 MB of memory. */
const blocksMax = 262_144;

/**
 * What the prefix caches of all backends hold, as far as it can be told from here.
 *
 * - A prompt served by a backend is taken to be in its cache; when the cache is full, the blocks
 *   used longest ago leave, of one prompt the last ones first.
 * - What a backend itself reports replaces that.
 * - Memory: at most 40 bytes for a block: 40 KB for each backend of 1000 blocks, 10 MB for one
 *   whose cache is the largest that is believed, and 0.8 MB for the static blocks.
 */
export class PrefixView {
  readonly mode: PrefixMode;
  readonly blockTokens: number;
  readonly #defaultBlocks: number;
  readonly #caches = new Map<BackendId, BlockLru>();
  readonly #capacities = new Map<BackendId, number>();
  readonly #static = new StaticBlocks();

  constructor(options: PrefixViewOptions = {}) {
    this.mode = options.mode ?? 'LOCAL_DYNAMIC';
    this.blockTokens = options.blockTokens ?? defaultBlockTokens;
    this.#defaultBlocks = blocksWithin(options.defaultBlocks ?? 1000);
  }

  /** What all that is known occupies. */
  get sizeBytes(): number {
    let sum = 0;
    for (const cache of this.#caches.values()) sum += cache.sizeBytes;
    return sum;
  }

  /**
   * How many leading tokens of the prompt each backend has, for the `hitTokens` of a job's facts:
   * only whole blocks count, up to the first that is missing. Backends that have none are left out.
   */
  hitTokens(prompt: PromptKeys): Record<BackendId, number> {
    const hits: Record<BackendId, number> = {};
    for (const [backendId, cache] of this.#caches) {
      const blocks = cache.leading(prompt.keys);
      if (blocks > 0) hits[backendId] = blocks * this.blockTokens;
    }
    return hits;
  }

  /** The same for one backend. */
  hitTokensAt(backendId: BackendId, prompt: PromptKeys): number {
    return this.blockTokens * (this.#caches.get(backendId)?.leading(prompt.keys) ?? 0);
  }

  /** The backend was given this prompt: call it at the dispatch, so that the next job sees it. */
  served(backendId: BackendId, prompt: PromptKeys): void {
    if (this.mode === 'NONE') return;
    if (this.mode === 'LOCAL_DYNAMIC') {
      this.#use(backendId, prompt, prompt.keys.length);
      return;
    }
    this.#static.count(prompt);
    this.#use(backendId, prompt, this.#static.leading(prompt));
  }

  /** `LOCAL_STATIC`: this prompt (a system prompt) is static from its first time. */
  register(prompt: PromptKeys): void {
    if (this.mode === 'LOCAL_STATIC') this.#static.register(prompt);
  }

  /** How many tokens the backend's cache holds; null = it does not say. */
  setCacheTokens(backendId: BackendId, cacheTokens: number | null): void {
    const blocks = cacheTokens === null ? this.#defaultBlocks : cacheTokens / this.blockTokens;
    this.#capacities.set(backendId, blocksWithin(blocks));
    this.#caches.get(backendId)?.resize(blocksWithin(blocks));
  }

  /** The backend says which blocks of a model it holds, the one used longest ago first. */
  replace(backendId: BackendId, { model, keys }: PromptKeys): void {
    this.forget(backendId, model);
    this.report(backendId, { model, stored: keys, dropped: [] });
  }

  /** The backend says which blocks of a model it stored, and which left its cache. */
  report(backendId: BackendId, reported: ReportedBlocks): void {
    if (this.mode === 'NONE') return;
    const cache = this.#cacheOf(backendId);
    const tag = tagOf(reported.model);
    for (let at = 0; at < reported.stored.length; at += 1) {
      const key = reported.stored[at] as number;
      if (Number.isSafeInteger(key)) cache.use(key, tag);
    }
    for (let at = 0; at < reported.dropped.length; at += 1) {
      cache.delete(reported.dropped[at] as number);
    }
  }

  /** The backend unloaded this model; without a model: it restarted, or is dead. */
  forget(backendId: BackendId, model?: string): void {
    if (model === undefined) this.#caches.delete(backendId);
    else this.#caches.get(backendId)?.deleteTagged(tagOf(model));
  }

  /** The backend is no more: the size of its cache is forgotten too. */
  remove(backendId: BackendId): void {
    this.forget(backendId);
    this.#capacities.delete(backendId);
  }

  /** All caches, for whoever takes over; of each the same number of its newest blocks. */
  state(): PrefixState {
    const blocksEach = Math.floor(stateBlocksMax / Math.max(1, this.#caches.size));
    const caches = Array.from(this.#caches, ([backendId, cache]) => ({
      backendId,
      ...cache.newest(blocksEach),
    }));
    return { scheme: keyScheme, blockTokens: this.blockTokens, caches };
  }

  /**
   * Goes on from there: what was known here of those caches is forgotten. False where the keys are
   * of another release, or of blocks of another size: then nothing changes.
   */
  restore({ scheme, blockTokens, caches }: PrefixState): boolean {
    if (this.mode === 'NONE' || scheme !== keyScheme || blockTokens !== this.blockTokens)
      return false;
    for (const { backendId, keys, tags } of caches) {
      this.#caches.delete(backendId);
      const cache = this.#cacheOf(backendId);
      for (let at = 0; at < keys.length; at += 1) cache.use(keys[at] as number, tags[at] ?? 0);
    }
    return true;
  }

  #use(backendId: BackendId, { model, keys }: PromptKeys, count: number): void {
    if (count === 0) return;
    const cache = this.#cacheOf(backendId);
    const tag = tagOf(model);
    // From the end, so that the last blocks leave first: without those before they are of no use.
    for (let at = Math.min(count, cache.capacityBlocks) - 1; at >= 0; at -= 1) {
      cache.use(keys[at] as number, tag);
    }
  }

  #cacheOf(backendId: BackendId): BlockLru {
    const found = this.#caches.get(backendId);
    if (found) return found;
    const made = new BlockLru(this.#capacities.get(backendId) ?? this.#defaultBlocks);
    this.#caches.set(backendId, made);
    return made;
  }
}

/** What a view knows of the caches, each with its blocks from the one used longest ago. */
export type PrefixState = {
  readonly scheme: number;
  readonly blockTokens: number;
  readonly caches: readonly {
    readonly backendId: BackendId;
    readonly keys: Float64Array;
    readonly tags: Int32Array;
  }[];
};

/** What a backend says of its cache. The keys are those of `PromptKeyer`. */
export type ReportedBlocks = {
  readonly model: string;
  readonly stored: ArrayLike<number>;
  readonly dropped: ArrayLike<number>;
};

/** A whole number of blocks that a cache may have; what is no number counts as one block. */
const blocksWithin = (blocks: number): number =>
  Math.max(1, Math.min(blocksMax, Math.floor(blocks) || 1));

/** 32 bits for a model's name: names of callers' making are not kept. */
function tagOf(model: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < model.length; at += 1) {
    hash = Math.imul(hash ^ model.charCodeAt(at), 0x01000193);
  }
  return hash;
}
