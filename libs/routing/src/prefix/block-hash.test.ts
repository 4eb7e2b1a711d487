import fc from 'fast-check';
import { BlockHash, blocksAtOnceMax } from './block-hash.js';

const primes = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;
const [p1, p2, p3, p4, p5] = primes;
const wrap = (value: bigint) => BigInt.asUintN(64, value);
const rotl = (value: bigint, by: bigint) => wrap((value << by) | (value >> (64n - by)));
const round = (lane: bigint, word: bigint) => wrap(rotl(wrap(lane + word * p2), 31n) * p1);

/** XXH64 as its specification has it, for multiples of four bytes. */
function xxh64(data: Uint8Array, seed: bigint): bigint {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let at = 0;
  let hash = wrap(seed + p5);
  if (data.length >= 32) {
    const lanes = [wrap(seed + p1 + p2), wrap(seed + p2), seed, wrap(seed - p1)];
    for (; at + 32 <= data.length; at += 32) {
      for (const [lane, value] of lanes.entries()) {
        lanes[lane] = round(value, view.getBigUint64(at + 8 * lane, true));
      }
    }
    const turns = [1n, 7n, 12n, 18n];
    hash = wrap(lanes.reduce((sum, lane, no) => sum + rotl(lane, turns[no] as bigint), 0n));
    for (const lane of lanes) hash = wrap((hash ^ round(0n, lane)) * p1 + p4);
  }
  hash = wrap(hash + BigInt(data.length));
  for (; at + 8 <= data.length; at += 8) {
    hash = wrap(rotl(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  }
  if (at < data.length) {
    hash = wrap(rotl(hash ^ wrap(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
  }
  hash = wrap((hash ^ (hash >> 33n)) * p2);
  hash = wrap((hash ^ (hash >> 29n)) * p3);
  return hash ^ (hash >> 32n);
}

/** The keys of blocks that lie one behind the other, each hash the seed of the next. */
function chained(data: Uint8Array, sizeBytes: number, seed: bigint): number[] {
  const keys: number[] = [];
  let hash = seed;
  for (let at = 0; at + sizeBytes <= data.length; at += sizeBytes) {
    hash = xxh64(data.subarray(at, at + sizeBytes), hash);
    keys.push(Number(hash >> 11n));
  }
  return keys;
}

/** The seed of a model without a name. */
const unnamed = (0x811c9dc5n << 32n) | 0x2f0b4c47n;

function keysOf(data: Uint8Array, sizeBytes: number, hash = new BlockHash(4_096)): number[] {
  hash.begin('');
  const blocks = Math.floor(data.length / sizeBytes);
  const keys = new Float64Array(blocks);
  hash.bytes.set(data);
  hash.next(blocks, sizeBytes, keys, 0);
  return Array.from(keys);
}

describe('the hash of blocks', () => {
  it.each([
    // Of the reference implementation, with seed 0.
    ['', 0xef46db3751d8e999n],
    ['abcd', 0xde0327b0d25d92ccn],
    ['0123456789abcdef0123456789abcdef', 0x642a94958e71e6c5n],
  ])('is checked against what is published for "%s"', (text, hash) => {
    expect(xxh64(new TextEncoder().encode(text), 0n).toString(16)).toBe(hash.toString(16));
  });

  it('is XXH64, seeded by the hash of the block before', () => {
    const sizes = fc.integer({ min: 1, max: 40 }).map((words) => 4 * words);
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 1_000 });
    fc.assert(
      fc.property(bytes, sizes, (data, sizeBytes) => {
        expect(keysOf(data, sizeBytes)).toEqual(chained(data, sizeBytes, unnamed));
      }),
      { numRuns: 200 },
    );
  });

  it('goes on where the memory has moved for a larger one', () => {
    const hash = new BlockHash(4_096);
    const data = new TextEncoder().encode('all aboard! '.repeat(100));
    const before = keysOf(data, 64, hash);
    const larger = new BlockHash(1_000_000);
    expect(larger.bytes).toHaveLength(1_000_000);
    expect(keysOf(data, 64, hash)).toEqual(before);
    expect(keysOf(new Uint8Array(8 * blocksAtOnceMax), 8, larger)).toHaveLength(1_024);
  });
});
