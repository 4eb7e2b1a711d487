import { BlockHash } from './block-hash.js';

/** Tokens of a block, where the operator sets nothing else (`staticCacheBlockSize`). */
export const defaultBlockTokens = 500;
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

/** Makes the keys of prompts. It keeps a buffer of 32 blocks and no state between two calls. */
export class PromptKeyer {
  readonly blockTokens: number;
  readonly #tokenizerOf: (model: string) => Tokenizer | undefined;
  readonly #encoder = new TextEncoder();
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;

  constructor({
    blockTokens = defaultBlockTokens,
    tokenizerOf = () => undefined,
  }: KeyOptions = {}) {
    if (!(Number.isInteger(blockTokens) && blockTokens >= 1 && blockTokens <= 65_536)) {
      throw new RangeError(`a block has 1 to 65536 tokens, not ${blockTokens}`);
    }
    this.blockTokens = blockTokens;
    this.#tokenizerOf = tokenizerOf;
    this.#bytes = new Uint8Array(chunkBlocks * blockTokens * charsPerToken);
    this.#words = new Int32Array(this.#bytes.buffer);
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
    const hash = new BlockHash(model);
    const keys = new Float64Array(Math.floor(tokens.length / this.blockTokens));
    const [words, count] = [this.#words, this.blockTokens];
    for (let block = 0; block < keys.length; block += 1) {
      const from = block * count;
      for (let at = 0; at < count; at += 1) words[at] = tokens[from + at] as number;
      keys[block] = hash.next({ words, from: 0, count });
    }
    return { model, keys };
  }

  /** The keys of a prompt whose blocks somebody else has told apart, each by a whole number. */
  ofBlockIds(model: string, ids: ArrayLike<number>): PromptKeys {
    const hash = new BlockHash(model);
    const keys = new Float64Array(ids.length);
    const words = this.#words.length < 2 ? new Int32Array(2) : this.#words;
    for (let block = 0; block < keys.length; block += 1) {
      words[0] = ids[block] as number;
      words[1] = Math.floor((ids[block] as number) / 0x1_0000_0000);
      keys[block] = hash.next({ words, from: 0, count: 2 });
    }
    return { model, keys };
  }

  /** undefined where a character is not one byte: then blocks do not end where bytes do. */
  #ofPlainParts(model: string, parts: readonly string[]): PromptKeys | undefined {
    const bytes = this.#bytes;
    const blockChars = this.blockTokens * charsPerToken;
    let length = 0;
    for (const part of parts) length += part.length;
    const keys = new Float64Array(Math.floor(length / blockChars));
    const hash = new BlockHash(model);
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
        for (let block = 0; block < chunkBlocks; block += 1, count += 1) {
          keys[count] = hash.next(this.#block(block * blockChars, blockChars));
        }
        filled = 0;
      }
    }
    for (let block = 0; count < keys.length; block += 1, count += 1) {
      keys[count] = hash.next(this.#block(block * blockChars, blockChars));
    }
    return { model, keys };
  }

  #ofCharacters(model: string, text: string): PromptKeys {
    const hash = new BlockHash(model);
    const blockChars = this.blockTokens * charsPerToken;
    const keys = new Float64Array(Math.floor(text.length / blockChars));
    let count = 0;
    for (let at = 0; at + blockChars <= text.length; ) {
      const blocks = Math.min(chunkBlocks, Math.floor((text.length - at) / blockChars));
      const end = at + blocks * blockChars;
      const { read, written } = this.#encoder.encodeInto(text.slice(at, end), this.#bytes);
      if (read === written && at + read === end) {
        // Each character is one byte: the blocks lie one after the other.
        for (let block = 0; block < blocks; block += 1, count += 1) {
          keys[count] = hash.next(this.#block(block * blockChars, blockChars));
        }
        at = end;
        continue;
      }
      for (let block = 0; block < blocks && at + blockChars <= text.length; block += 1) {
        const next = endOfCharacter(text, at + blockChars);
        keys[count] = hash.next(this.#encoded(text.slice(at, next)));
        count += 1;
        at = next;
      }
    }
    return { model, keys: keys.subarray(0, count) };
  }

  /** A block of any characters, filled up to a whole word. */
  #encoded(block: string) {
    const { written } = this.#encoder.encodeInto(block, this.#bytes);
    const whole = Math.ceil(written / 4) * 4;
    this.#bytes.fill(0, written, whole);
    return this.#block(0, whole);
  }

  #block(fromBytes: number, sizeBytes: number) {
    return { words: this.#words, from: fromBytes >> 2, count: sizeBytes >> 2 };
  }
}

/** `end`, or the place after it where a character of two code units would be cut in half. */
function endOfCharacter(text: string, end: number): number {
  const isHigh = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
  return isHigh && (text.charCodeAt(end) & 0xfc00) === 0xdc00 ? end + 1 : end;
}
