import { keyScheme, type PromptKeys } from './keys.js';

/** So many leading blocks of a prompt are told: 24 KB. */
const toldBlocksMax = 2_000;
const keyRadix = 36;

/**
 * The keys of a prompt as a short text, for a job whose own text travels elsewhere:
 * `<scheme>:<tokens of a block>:<key> <key> ...`. Of a very long prompt the first 2,000 blocks are
 * told; undefined where it has no full block.
 */
export function keyTextOf({ keys }: PromptKeys, blockTokens: number): string | undefined {
  if (keys.length === 0) return undefined;
  const told: string[] = [];
  for (let at = 0; at < keys.length && at < toldBlocksMax; at += 1) {
    told.push((keys[at] as number).toString(keyRadix));
  }
  return `${keyScheme}:${blockTokens}:${told.join(' ')}`;
}

/**
 * Reads it. undefined where it was made by another scheme or of blocks of another size (a release
 * or a setting that the others do not have yet), or is none.
 */
export function keysOfText(
  model: string,
  text: string,
  blockTokens: number,
): PromptKeys | undefined {
  const head = `${keyScheme}:${blockTokens}:`;
  if (!text.startsWith(head)) return undefined;
  const told = text.slice(head.length).split(' ', toldBlocksMax);
  const keys = new Float64Array(told.length);
  for (let at = 0; at < told.length; at += 1) {
    const key = Number.parseInt(told[at] as string, keyRadix);
    if (!Number.isSafeInteger(key) || key < 0) return undefined;
    keys[at] = key;
  }
  return { model, keys };
}
