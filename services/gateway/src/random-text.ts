import { randomBytes } from 'node:crypto';

/** Random bytes are drawn for many texts at once: a draw costs far more than its bytes. */
const pool = { bytes: Buffer.alloc(0), used: 0 };
const drawnLength = 12;

/** 96 random bits as 16 characters of base64url. */
export function randomText(): string {
  if (pool.used + drawnLength > pool.bytes.length) {
    pool.bytes = randomBytes(drawnLength * 512);
    pool.used = 0;
  }
  const drawn = pool.bytes.toString('base64url', pool.used, pool.used + drawnLength);
  pool.used += drawnLength;
  return drawn;
}
