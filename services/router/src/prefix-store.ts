import { type Objects, openOnce } from '@switchyard/bus';
import { AppError } from '@switchyard/domain';
import type { PrefixState } from '@switchyard/routing';
import type { RouterContext } from './context.js';
import type { Readings } from './readings.js';

/** How often what the caches hold is saved, where prompts were served since. */
const saveEveryMs = 10_000;
/** Caches have moved on from what is older. */
const ageMsMax = 3_600_000;
/** Its name in the object store. */
const prefixesName = 'router/prefixes';

/** What the bytes begin with, as one line of JSON; behind it the keys and tags of each cache. */
type Head = Pick<PrefixState, 'scheme' | 'blockTokens'> & {
  readonly savedAtMs: number;
  readonly caches: readonly { readonly backendId: string; readonly blocks: number }[];
};

type Deps = Pick<RouterContext, 'bus' | 'log' | 'now'> & {
  readonly readings: Pick<Readings, 'prefixState' | 'restorePrefixes'>;
};

/**
 * Hands what is known of the backends' prefix caches on to the router that takes over. Only the
 * active one sees dispatches: it saves that every ten seconds, and a successor reads it. What was
 * served after the last time is not known there, and is found again with the next prompt of each.
 */
export class PrefixStore {
  readonly #deps: Deps;
  readonly #objects: () => Promise<Objects>;
  #savedAtMs = 0;
  /** True while this router is the active one, which alone sees dispatches. */
  #isOurs = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#objects = openOnce(() => deps.bus.objects());
  }

  /** This router is active: it goes on from what its predecessor saved. */
  async takeOver(): Promise<void> {
    // Taken over from ourselves, our own view is the newer one.
    if (!this.#isOurs) await this.#restore();
    this.#isOurs = true;
  }

  /** Another router is active. */
  standBy(): void {
    this.#isOurs = false;
  }

  /** Once a second. */
  tick(): void {
    const nowMs = this.#deps.now();
    if (Math.abs(nowMs - this.#savedAtMs) >= saveEveryMs) void this.save();
  }

  /** Saves what the caches hold, where that has changed. */
  async save(): Promise<void> {
    const nowMs = this.#deps.now();
    const state = this.#isOurs ? this.#deps.readings.prefixState() : undefined;
    if (!state) return;
    this.#savedAtMs = nowMs;
    try {
      await (await this.#objects()).put(prefixesName, encodeState(state, nowMs));
    } catch (caught) {
      const err = AppError.from(caught).message;
      this.#deps.log.warn({ err }, 'what prefix caches hold could not be saved');
    }
  }

  /** Takes up what another router has saved; without it the caches are learned anew. */
  async #restore(): Promise<void> {
    const { log, now, readings } = this.#deps;
    try {
      const saved = await (await this.#objects()).get(prefixesName);
      if (!saved) return;
      const { savedAtMs, ...state } = decodeState(saved);
      if (Math.abs(now() - savedAtMs) > ageMsMax) return;
      if (!readings.restorePrefixes(state)) log.info({}, 'the saved prefix caches are not for us');
    } catch (caught) {
      const err = AppError.from(caught).message;
      log.warn({ err }, 'what prefix caches hold could not be read: it is learned anew');
    }
  }
}

function encodeState({ scheme, blockTokens, caches }: PrefixState, savedAtMs: number): Buffer {
  const head: Head = {
    scheme,
    blockTokens,
    savedAtMs,
    caches: caches.map(({ backendId, keys }) => ({ backendId, blocks: keys.length })),
  };
  return Buffer.concat([
    Buffer.from(`${JSON.stringify(head)}\n`),
    ...caches.flatMap(({ keys, tags }) => [bytesOf(keys), bytesOf(tags)]),
  ]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array | Int32Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

function decodeState(data: Uint8Array): PrefixState & { readonly savedAtMs: number } {
  const headEnd = data.indexOf(0x0a);
  const head = JSON.parse(Buffer.from(data.subarray(0, headEnd)).toString()) as Head;
  let at = headEnd + 1;
  // A copy lies where numbers of eight bytes may lie.
  const taken = (sizeBytes: number) => {
    const { buffer } = Uint8Array.from(data.subarray(at, at + sizeBytes));
    at += sizeBytes;
    return buffer;
  };
  const caches = head.caches.map(({ backendId, blocks }) => ({
    backendId,
    keys: new Float64Array(taken(blocks * Float64Array.BYTES_PER_ELEMENT)),
    tags: new Int32Array(taken(blocks * Int32Array.BYTES_PER_ELEMENT)),
  }));
  return { ...head, caches };
}
