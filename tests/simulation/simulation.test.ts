import { writeFileSync } from 'node:fs';
import { jest } from '@jest/globals';

/**
 * `SIMULATION_SEEDS=n` runs so many seeds, from `SIMULATION_FROM` on; `SIMULATION_SEED=n,m` only
 * those. So much happens in each as `SIMULATION_HAPPENINGS` says, and all of it is written to the
 * folder `SIMULATION_TALES`.
 */
const { SIMULATION_FROM, SIMULATION_SEED, SIMULATION_SEEDS } = process.env;
const { SIMULATION_HAPPENINGS, SIMULATION_TALES } = process.env;
const happenings = Number(SIMULATION_HAPPENINGS ?? 12);
const options = { happenings, isToldWhole: SIMULATION_TALES !== undefined };
const isChosen = SIMULATION_SEED !== undefined;
const first = Number(SIMULATION_FROM ?? 1);
const seeds = isChosen
  ? SIMULATION_SEED.split(',').map(Number)
  : Array.from({ length: Number(SIMULATION_SEEDS ?? 150) }, (_, at) => first + at);
/** A campaign may take long; what belongs to the suite does not. */
const timeoutMs = 3_600_000;

describe('a small Switchyard on a simulated clock and network', () => {
  it(
    `keeps its laws in ${seeds.length} seeds`,
    async () => {
      const { runSeed } = await load();
      const broken: string[] = [];
      const ended = new Map<string, number>();
      for (const seed of seeds) {
        const { world, problem } = await runSeed(seed, options);
        for (const { state } of world.laws.jobs()) ended.set(state, (ended.get(state) ?? 0) + 1);
        if (problem) broken.push(`seed ${seed}: ${problem}; again: ${again(seed)}`);
        if (SIMULATION_TALES) {
          writeFileSync(`${SIMULATION_TALES}/tale-${seed}.log`, `${world.tale.lines.join('\n')}\n`);
        }
      }
      expect(broken).toEqual([]);
      // Jobs do run, and come to each of their ends.
      expect(ended.get('succeeded')).toBeGreaterThan(2 * seeds.length);
      const never = ['canceled', 'expired', 'failed'].filter((end) => !ended.has(end));
      expect(seeds.length < 50 ? [] : never).toEqual([]);
    },
    timeoutMs,
  );

  it('tells the same of the same seed, and another tale of another', async () => {
    const { runSeed } = await load();
    const [seed = 1] = seeds;
    const marks = [];
    for (const each of [seed, seed + 1, seed])
      marks.push((await runSeed(each, options)).world.tale.mark);
    expect(marks[2]).toBe(marks[0]);
    expect(marks[1]).not.toBe(marks[0]);
  });
});

const again = (seed: number): string =>
  `SIMULATION_SEED=${seed} SIMULATION_HAPPENINGS=${happenings} npm test -- tests/simulation`;

/** The product, whose one way to wait that is no global is put on the simulated clock too. */
async function load() {
  jest.unstable_mockModule('node:timers/promises', () => ({
    setTimeout: (ms: number, value?: unknown) =>
      new Promise((resolve) => setTimeout(() => resolve(value), ms)),
    setImmediate: (value?: unknown) => new Promise((resolve) => setImmediate(() => resolve(value))),
  }));
  // Takes half a second to load, and counts nothing here that anybody looks at.
  jest.unstable_mockModule('gpt-tokenizer', () => ({ countTokens: (text: string) => text.length }));
  return import('./run-seed.js');
}
