import fc from 'fast-check';
import { BlockLru } from './block-lru.js';

/** The same set as a Map, whose order is that of insertion. */
class PlainLru {
  readonly entries = new Map<number, number>();
  constructor(private capacity: number) {}

  use(key: number, tag: number): void {
    this.entries.delete(key);
    this.entries.set(key, tag);
    this.resize(this.capacity);
  }

  resize(capacity: number): void {
    this.capacity = capacity;
    for (const key of this.entries.keys()) {
      if (this.entries.size > capacity) this.entries.delete(key);
    }
  }

  deleteTagged(tag: number): void {
    for (const [key, its] of this.entries) if (its === tag) this.entries.delete(key);
  }

  leading(keys: readonly number[]): number {
    const missing = keys.findIndex((key) => !this.entries.has(key));
    return missing < 0 ? keys.length : missing;
  }
}

type Step = (lru: BlockLru | PlainLru) => unknown;

/** Few keys, so that they meet; some that fall on one place of the table, some of 53 bits. */
const key = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 0, max: 40 }).map((n) => n * 2 ** 32),
  fc.integer({ min: 0, max: 40 }).map((n) => Number.MAX_SAFE_INTEGER - n * 1024),
);
const tag = fc.integer({ min: -1, max: 2 });
const step: fc.Arbitrary<{ readonly name: string; readonly run: Step }> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.tuple(key, tag).map(([k, t]) => ({
      name: `use ${k} ${t}`,
      run: (lru: BlockLru | PlainLru) => lru.use(k, t),
    })),
  },
  {
    weight: 3,
    arbitrary: key.map((k) => ({
      name: `delete ${k}`,
      run: (lru: BlockLru | PlainLru) =>
        lru instanceof PlainLru ? lru.entries.delete(k) && undefined : lru.delete(k),
    })),
  },
  tag.map((t) => ({
    name: `delete tagged ${t}`,
    run: (lru: BlockLru | PlainLru) => lru.deleteTagged(t),
  })),
  fc.integer({ min: 1, max: 100 }).map((n) => ({
    name: `resize ${n}`,
    run: (lru: BlockLru | PlainLru) => lru.resize(n),
  })),
  fc.array(key, { maxLength: 5 }).map((keys) => ({
    name: `leading ${keys.join(',')}`,
    run: (lru: BlockLru | PlainLru) => lru.leading(keys),
  })),
  fc.constant({
    name: 'clear',
    run: (lru: BlockLru | PlainLru) =>
      lru instanceof PlainLru ? lru.entries.clear() : lru.clear(),
  }),
);

describe('a set of blocks', () => {
  it('is a Map in the order of use, whatever is done to it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.array(step, { maxLength: 200 }),
        (capacity, steps) => {
          const lru = new BlockLru(capacity);
          const plain = new PlainLru(capacity);
          for (const { run } of steps) {
            const [answer, expected] = [run(lru), run(plain)];
            expect(answer).toEqual(expected === false ? undefined : expected);
          }
          expect([...lru.keys()]).toEqual([...plain.entries.keys()]);
          expect(lru.size).toBe(plain.entries.size);
          const tags = [...lru.keys()].map((each) => lru.tagOf(each));
          expect(tags).toEqual([...plain.entries.values()]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not grow over its limit, and takes at most 40 bytes for a block', () => {
    const lru = new BlockLru(1000);
    for (let at = 0; at < 100_000; at += 1) lru.use(at * 7919, 0);
    expect(lru.size).toBe(1000);
    expect(lru.sizeBytes).toBeLessThanOrEqual(40 * 1000);
  });
});
