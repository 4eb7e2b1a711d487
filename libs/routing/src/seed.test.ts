import * as fc from 'fast-check';
import { randomAt, seedOf } from './seed.js';

describe('the seed of an attempt', () => {
  it.each([
    ['', 1, 90_457_223],
    ['job-1', 1, 459_024_051],
    ['job-1', 2, 3_985_172_892],
  ])('of %j, attempt %i, is the same on every machine', (jobId, attemptNo, expected) => {
    expect(seedOf(jobId, attemptNo)).toBe(expected);
  });

  it('differs between attempts and between jobs', () => {
    const seeds = new Set<number>();
    for (let job = 0; job < 1000; job += 1) {
      for (let attemptNo = 1; attemptNo <= 3; attemptNo += 1)
        seeds.add(seedOf(`job-${job}`, attemptNo));
    }
    expect(seeds.size).toBe(3000);
  });
});

describe('a drawn number', () => {
  it('is at least 0 and below 1', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(), (seed, index) => {
        const drawn = randomAt(seed, index);
        expect(drawn >= 0 && drawn < 1).toBe(true);
      }),
    );
  });

  it('is the same for the same seed and index', () => {
    expect(randomAt(7, 3)).toBe(randomAt(7, 3));
    expect(randomAt(7, 3)).not.toBe(randomAt(7, 4));
    expect(randomAt(7, 3)).not.toBe(randomAt(8, 3));
  });

  it('falls evenly', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index += 1) {
      const at = Math.floor(randomAt(42, index) * 10);
      tenths[at] = (tenths[at] as number) + 1;
    }
    expect(tenths.filter((count) => count < 900 || count > 1100)).toEqual([]);
  });
});
