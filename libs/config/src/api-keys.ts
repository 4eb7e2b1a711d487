import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from './config.js';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** SHA-256 of a key, in hexadecimal: all that is ever stored of it. */
export const hashApiKey = (key: string): string => createHash('sha256').update(key).digest('hex');

/** A new key of 256 random bits, `sy_<secret>_<checksum>`, and its hash. `random`: 32 bytes. */
export function newApiKey(random: Uint8Array): { readonly key: string; readonly sha256: string } {
  let number = BigInt(`0x${Buffer.from(random).toString('hex')}`);
  let secret = '';
  for (; number > 0n; number /= 62n) secret = alphabet[Number(number % 62n)] + secret;
  const body = `sy_${secret.padStart(43, '0')}`;
  const key = `${body}_${hashApiKey(body).slice(0, 6)}`;
  return { key, sha256: hashApiKey(key) };
}

/** The accepted key that was presented, compared in constant time; undefined where none is. */
export function findApiKey(keys: readonly ApiKey[], presented: string): ApiKey | undefined {
  const hash = Buffer.from(hashApiKey(presented), 'hex');
  return keys.filter((key) => timingSafeEqual(Buffer.from(key.sha256, 'hex'), hash))[0];
}
