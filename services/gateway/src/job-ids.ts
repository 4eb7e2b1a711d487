import { createHash, createHmac } from 'node:crypto';
import { randomText } from './random-text.js';

/**
 * The id of a job whose caller gave a key: the same for the same account and key, and guessable by
 * nobody.
 */
export function keyedJobId(secret: Buffer, account: string, key: string): string {
  const digest = createHmac('sha256', secret).update(`${account}\n${key}`).digest();
  return `k${digest.subarray(0, 24).toString('base64url')}`;
}

/** A new id: `j`, the instant in base 36 so that ids sort by time, and 96 random bits. */
export const newJobId = (nowMs: number): string =>
  `j${nowMs.toString(36).padStart(9, '0')}${randomText()}`;

/** SHA-256 of a value, whatever the order of its fields. */
export const hashOf = (value: unknown): string =>
  createHash('sha256').update(canonical(value)).digest('base64url');

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}
