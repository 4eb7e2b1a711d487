import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from './config.js';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Random bytes in a key, and the digits to the base 62 that hold them. */
const secretBytes = 32;
const secretDigits = 43;

/** SHA-256 of a key, in hexadecimal: all that is ever stored of it. */
export const hashApiKey = (key: string): string => createHash('sha256').update(key).digest('hex');

/**
 * A new key, `sy_<secret>_<checksum>`, and its hash. `random`: 32 bytes. The prefix and the
 * checksum are for scanners that look for keys which got out.
 */
export function newApiKey(random: Uint8Array): { readonly key: string; readonly sha256: string } {
  if (random.length !== secretBytes)
    throw new RangeError(`a key needs ${secretBytes} random bytes`);
  let number = BigInt(`0x${Buffer.from(random).toString('hex')}`);
  let secret = '';
  for (; number > 0n; number /= 62n) secret = alphabet[Number(number % 62n)] + secret;
  const body = `sy_${secret.padStart(secretDigits, '0')}`;
  const key = `${body}_${hashApiKey(body).slice(0, 6)}`;
  return { key, sha256: hashApiKey(key) };
}

/** The hashes of a list of keys as bytes, made once per list: the door asks at every request. */
const digests = new WeakMap<readonly ApiKey[], readonly Buffer[]>();

/** The accepted key that was presented, compared in constant time; undefined where none is. */
export function findApiKey(keys: readonly ApiKey[], presented: string): ApiKey | undefined {
  const accepted = digests.get(keys) ?? keys.map(({ sha256 }) => Buffer.from(sha256, 'hex'));
  // A list that can still change is not remembered.
  if (Object.isFrozen(keys)) digests.set(keys, accepted);
  const digest = createHash('sha256').update(presented).digest();
  let found: ApiKey | undefined;
  for (const [at, one] of accepted.entries()) {
    if (timingSafeEqual(one, digest)) found = keys[at];
  }
  return found;
}
