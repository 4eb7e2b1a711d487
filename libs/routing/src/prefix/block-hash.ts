import { blockHashCode } from './block-hash-code.js';

/** As much of WebAssembly as is used here: the types of the language do not have it. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** What the code exports; see block-hash.wat. */
type Code = {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  chain(at: number, sizeBytes: number, blocks: number, out: number): void;
};

const pageBytes = 65_536;
/** So many blocks are hashed in one go at most. */
export const blocksAtOnceMax = 1_024;
/** In the memory: the hash so far, then the keys, then the blocks. */
const keysAt = 64;
const dataAt = keysAt + blocksAtOnceMax * Float64Array.BYTES_PER_ELEMENT;

/** One for the whole process: nothing of one prompt stays for the next. */
let shared: Code | undefined;

function codeWithRoom(sizeBytes: number): Code {
  if (!shared) {
    const bytes = Uint8Array.from(atob(blockHashCode), (letter) => letter.charCodeAt(0));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    shared = exports as Code;
  }
  const missingBytes = dataAt + sizeBytes - shared.memory.buffer.byteLength;
  if (missingBytes > 0) shared.memory.grow(Math.ceil(missingBytes / pageBytes));
  return shared;
}

/**
 * The chain of block hashes of one prompt after the other: each key depends on the model, on every
 * block before and on the block itself. A block's hash is XXH64, seeded by the hash before it.
 *
 * - 64 bits are carried on, 53 of them are the key, so that it is a whole number.
 * - Two prompts with equal keys but other texts cost a wrong estimate, never a wrong answer.
 * - Not for secrets: who knows the function can make collisions.
 * - It runs as WebAssembly: a 64-bit multiplication is one there, and no access is checked, which
 *   makes a quarter of the time of the same work on an Int32Array.
 */
export class BlockHash {
  readonly #sizeBytes: number;
  readonly #code: Code;
  #bytes = new Uint8Array(0);
  #words = new Int32Array(0);
  #keys = new Float64Array(0);
  #state = new Int32Array(0);

  /** `sizeBytes`: as many bytes as lie there at once, a multiple of four. */
  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#code = codeWithRoom(sizeBytes);
  }

  /** Where blocks are put to be hashed. Ask for it anew for each prompt: the memory may move. */
  get bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.#code.memory.buffer) this.#look();
    return this.#bytes;
  }

  /** The same as words. */
  get words(): Int32Array {
    if (this.#words.buffer !== this.#code.memory.buffer) this.#look();
    return this.#words;
  }

  /** A prompt of this model begins. */
  begin(model: string): void {
    if (this.#state.buffer !== this.#code.memory.buffer) this.#look();
    let high = 0x811c9dc5;
    let low = 0x2f0b4c47;
    for (let at = 0; at < model.length; at += 1) {
      const code = model.charCodeAt(at);
      high = Math.imul(high ^ code, 0x01000193);
      low = Math.imul(low ^ code, 0x9e3779b1);
    }
    this.#state[0] = low ^ model.length;
    this.#state[1] = high;
  }

  /** The keys of the next blocks, which lie at the beginning, go into `keys` from `from` on. */
  next(blocks: number, sizeBytes: number, keys: Float64Array, from: number): void {
    this.#code.chain(dataAt, sizeBytes, blocks, keysAt);
    const made = this.#keys;
    for (let at = 0; at < blocks; at += 1) keys[from + at] = made[at] as number;
  }

  #look(): void {
    const { buffer } = this.#code.memory;
    this.#bytes = new Uint8Array(buffer, dataAt, this.#sizeBytes);
    this.#words = new Int32Array(buffer, dataAt, this.#sizeBytes / Int32Array.BYTES_PER_ELEMENT);
    this.#keys = new Float64Array(buffer, keysAt, blocksAtOnceMax);
    this.#state = new Int32Array(buffer, 0, 2);
  }
}
