import { BlockHash, blocksAtOnceMax } from './block-hash.js';

/** Tokens of a block, where the operator sets nothing else (`staticCacheBlockSize`). */
export const defaultBlockTokens = 500;
/** Another number with each change of what a key is made from: unlike keys are never compared. */
export const keyScheme = 2;
/** One token is about so many characters, where the model's tokenizer is not known. */
const charsPerToken = 4;
/** So many blocks of a text are encoded in one go. */
const chunkBlocks = 32;

/**
 * The keys of a prompt's full blocks, for one model.
 *
 * - Prompts of a model with the same leading blocks have the same leading keys: a key is made of
 *   the key before it and the block, so it stands for the whole prompt up to the end of its block.
 * - A key is a whole number below 2^53.
 * - The tokens after the last full block have no key.
 */
export type PromptKeys = { readonly model: string; readonly keys: ArrayLike<number> };

/** Cuts a text of a model into tokens. */
export type Tokenizer = (text: string) => ArrayLike<number>;

/** How prompts are cut. */
export type KeyOptions = {
  /** Tokens of one block, 1 to 65,536. @default 500 */
  readonly blockTokens?: number;
  /** The tokenizer of a model, where it is known. @default of none: four characters are a token */
  readonly tokenizerOf?: (model: string) => Tokenizer | undefined;
};

/** Makes the keys of prompts. It has room for 32 blocks and no state between two calls. */
export class PromptKeyer {
  readonly blockTokens: number;
  readonly #tokenizerOf: (model: string) => Tokenizer | undefined;
  readonly #encoder = new TextEncoder();
  readonly #hash: BlockHash;

  constructor({
    blockTokens = defaultBlockTokens,
    tokenizerOf = () => undefined,
  }: KeyOptions = {}) {
    if (!(Number.isInteger(blockTokens) && blockTokens >= 1 && blockTokens <= 65_536)) {
      throw new RangeError(`a block has 1 to 65536 tokens, not ${blockTokens}`);
    }
    this.blockTokens = blockTokens;
    this.#tokenizerOf = tokenizerOf;
    this.#hash = new BlockHash(chunkBlocks * blockTokens * charsPerToken);
  }

  /** How many tokens a text is: those of its tokenizer, else a fourth of its characters. */
  tokensOf(model: string, text: string): number {
    return this.#tokenizerOf(model)?.(text).length ?? Math.ceil(text.length / charsPerToken);
  }

  /** The keys of a prompt given as text. */
  ofText(model: string, text: string): PromptKeys {
    const tokenizer = this.#tokenizerOf(model);
    return tokenizer ? this.ofTokens(model, tokenizer(text)) : this.#ofCharacters(model, text);
  }

  /** The keys of a prompt given as the parts of its text: those of all parts together. */
  ofParts(model: string, parts: readonly string[]): PromptKeys {
    if (this.#tokenizerOf(model)) return this.ofText(model, parts.join(''));
    return this.#ofPlainParts(model, parts) ?? this.#ofCharacters(model, parts.join(''));
  }

  /** The keys of a prompt given as tokens: whole numbers of at most 32 bits. */
  ofTokens(model: string, tokens: ArrayLike<number>): PromptKeys {
    const hash = this.#hash;
    hash.begin(model);
    const { words } = hash;
    const [count, keys] = [this.blockTokens, this.#keysFor(tokens.length / this.blockTokens)];
    for (let done = 0; done < keys.length; ) {
      const blocks = Math.min(chunkBlocks, keys.length - done);
      const from = done * count;
      for (let at = 0; at < blocks * count; at += 1) words[at] = tokens[from + at] as number;
      hash.next(blocks, count * Int32Array.BYTES_PER_ELEMENT, keys, done);
      done += blocks;
    }
    return { model, keys };
  }

  /** The keys of a prompt whose blocks somebody else has told apart, each by a whole number. */
  ofBlockIds(model: string, ids: ArrayLike<number>): PromptKeys {
    const hash = this.#hash;
    hash.begin(model);
    const { words } = hash;
    const keys = this.#keysFor(ids.length);
    const atOnce = Math.min(blocksAtOnceMax, words.length >> 1);
    for (let done = 0; done < keys.length; ) {
      const blocks = Math.min(atOnce, keys.length - done);
      for (let at = 0; at < blocks; at += 1) {
        const id = ids[done + at] as number;
        words[2 * at] = id;
        words[2 * at + 1] = Math.floor(id / 0x1_0000_0000);
      }
      hash.next(blocks, Float64Array.BYTES_PER_ELEMENT, keys, done);
      done += blocks;
    }
    return { model, keys };
  }

  /** undefined where a character is not one byte: then blocks do not end where bytes do. */
  #ofPlainParts(model: string, parts: readonly string[]): PromptKeys | undefined {
    const hash = this.#hash;
    hash.begin(model);
    const { bytes } = hash;
    const blockChars = this.blockTokens * charsPerToken;
    let length = 0;
    for (const part of parts) length += part.length;
    const keys = this.#keysFor(length / blockChars);
    let count = 0;
    let filled = 0;
    for (const part of parts) {
      for (let at = 0; at < part.length; ) {
        const room = bytes.length - filled;
        const piece = at === 0 && part.length <= room ? part : part.slice(at, at + room);
        const into = filled === 0 ? bytes : bytes.subarray(filled);
        const { read, written } = this.#encoder.encodeInto(piece, into);
        if (read !== written || read !== piece.length) return undefined;
        at += read;
        filled += read;
        if (filled < bytes.length) continue;
        hash.next(chunkBlocks, blockChars, keys, count);
        count += chunkBlocks;
        filled = 0;
      }
    }
    hash.next(keys.length - count, blockChars, keys, count);
    return { model, keys };
  }

  #ofCharacters(model: string, text: string): PromptKeys {
    const hash = this.#hash;
    hash.begin(model);
    const { bytes } = hash;
    const blockChars = this.blockTokens * charsPerToken;
    const keys = this.#keysFor(text.length / blockChars);
    let count = 0;
    for (let at = 0; at + blockChars <= text.length; ) {
      const blocks = Math.min(chunkBlocks, Math.floor((text.length - at) / blockChars));
      const end = at + blocks * blockChars;
      const { read, written } = this.#encoder.encodeInto(text.slice(at, end), bytes);
      if (read === written && at + read === end) {
        // Each character is one byte: the blocks lie one after the other.
        hash.next(blocks, blockChars, keys, count);
        count += blocks;
        at = end;
        continue;
      }
      for (let block = 0; block < blocks && at + blockChars <= text.length; block += 1) {
        const next = endOfCharacter(text, at + blockChars);
        hash.next(1, this.#encoded(text.slice(at, next), bytes), keys, count);
        count += 1;
        at = next;
      }
    }
    return { model, keys: keys.subarray(0, count) };
  }

  /** A block of any characters, filled up to a whole word; its bytes. */
  #encoded(block: string, bytes: Uint8Array): number {
    const { written } = this.#encoder.encodeInto(block, bytes);
    const whole = Math.ceil(written / 4) * 4;
    bytes.fill(0, written, whole);
    return whole;
  }

  #keysFor(blocks: number): Float64Array {
    return new Float64Array(Math.floor(blocks));
  }
}

/** `end`, or the place after it where a character of two code units would be cut in half. */
function endOfCharacter(text: string, end: number): number {
  const isHigh = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
  return isHigh && (text.charCodeAt(end) & 0xfc00) === 0xdc00 ? end + 1 : end;
}
