import type { JobId } from '@switchyard/domain';

/**
 * The seed of one attempt's decision: a 32-bit hash of job id and attempt number, the same on every
 * machine.
 */
export function seedOf(jobId: JobId, attemptNo: number): number {
  // FNV-1a over the UTF-16 code units, then the attempt, then a full mix.
  let hash = 0x811c9dc5;
  for (let at = 0; at < jobId.length; at += 1) {
    hash = Math.imul(hash ^ jobId.charCodeAt(at), 0x01000193);
  }
  return mix(Math.imul(hash ^ attemptNo, 0x01000193));
}

/**
 * The `index`th number of the seed's sequence, 0 <= x < 1. It has no state: the same arguments, the
 * same number.
 */
export const randomAt = (seed: number, index: number): number =>
  mix(seed + Math.imul(index + 1, 0x9e3779b9)) / 0x1_0000_0000;

/** The finalizer of MurmurHash3: each bit of the input moves about half of the output. */
function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
