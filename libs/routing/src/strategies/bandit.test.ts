import * as fc from 'fast-check';
import { type Arm, noFacts } from '../job-facts.js';
import { Learner } from '../learning/learner.js';
import { bandit as thompson } from '../scorers/bandit.js';
import { makeJob, makeRow, nowMs } from '../testing/builders.js';
import { describeStrategyLaws, setOf } from '../testing/laws.js';
import {
  learningRouter,
  oracleOf,
  p95After,
  playTinyWorld,
  spreadOf,
  type TinyRouter,
} from '../testing/tiny-world.js';
import { bandit } from './bandit.js';
import { roundRobin } from './round-robin.js';

const factsOf = (arms: Readonly<Record<string, Arm>>) => ({
  ...noFacts,
  learned: { ...noFacts.learned, arms },
});

const rated = (
  arms: Readonly<Record<string, Arm>>,
  job = makeJob(),
  rows = Object.keys(arms).map((id) => makeRow(id)),
): readonly number[] =>
  thompson.score(
    setOf(
      rows,
      rows.map(() => 0),
      { job, facts: factsOf(arms) },
    ),
  );

const firstOf = (ratings: readonly number[]): number => ratings.indexOf(Math.max(...ratings));

/** How often each of the arms is rated best, over 2000 jobs. */
function wins(arms: Readonly<Record<string, Arm>>): readonly number[] {
  const counts = Object.keys(arms).map(() => 0);
  for (let count = 0; count < 2000; count += 1) {
    const best = firstOf(rated(arms, makeJob({ id: `job-${count}` })));
    counts[best] = (counts[best] as number) + 1;
  }
  return counts.map((count) => count / 2000);
}

const known = (rewardMean: number, rewardVariance = 0.01, samples = 100): Arm => ({
  samples,
  rewardMean,
  rewardVariance,
});

describeStrategyLaws(bandit);

describe('the draws of bandit', () => {
  it('are the same for the same job and attempt, and others for others', () => {
    const arms = { a: known(0.5, 0.2, 1), b: known(0.5, 0.2, 1) };
    expect(rated(arms)).toEqual(rated(arms));
    expect(rated(arms)).not.toEqual(rated(arms, makeJob({ id: 'job-2' })));
    expect(rated(arms)).not.toEqual(rated(arms, makeJob({ attemptNo: 2 })));
  });

  it('take the better of two that are well known', () => {
    expect(wins({ a: known(0.3), b: known(0.5) })).toEqual([0, 1]);
  });

  it('take each of two alike about half of the time', () => {
    const [share] = wins({ a: known(0.5, 0.1), b: known(0.5, 0.1) });
    expect(Math.abs((share as number) - 0.5)).toBeLessThan(0.05);
  });

  it('try one that is little known as often as it may be the better', () => {
    // It is better by chance where a normal draw exceeds 0.1 / 0.1 = 1: 16 %.
    const [share] = wins({ a: known(0.4, 0.04, 3), b: known(0.5, 0.0001) });
    expect(Math.abs((share as number) - 0.159)).toBeLessThan(0.03);
  });

  it('never leave 0 to 1, whatever the arms', () => {
    const number = fc.double();
    const arm = fc.record({ samples: fc.nat(), rewardMean: number, rewardVariance: fc.nat(9) });
    fc.assert(
      fc.property(fc.constantFrom('a', '__proto__', 'constructor'), arm, (id, one) => {
        const arms = Object.fromEntries([[id, one]]);
        const [rating] = rated(arms, makeJob(), [makeRow(id)]) as [number];
        expect(Number.isNaN(one.rewardMean) || (rating >= 0 && rating <= 1)).toBe(true);
      }),
    );
  });
});

describe('a deadline', () => {
  const timed = (rewardMean: number, durationMsP95: number): Arm => ({
    ...known(rewardMean, 0.09, 1),
    durationMsP95,
  });
  const inMs = (leftMs: number, id: string) => makeJob({ id, deadlineAtMs: nowMs + leftMs });
  const winners = (arms: Readonly<Record<string, Arm>>, leftMs: number) => {
    const best = Array.from({ length: 300 }, (_, at) =>
      firstOf(rated(arms, inMs(leftMs, `${at}`))),
    );
    return [...new Set(best)].sort((a, b) => a - b);
  };

  it.each([
    ['both would be in time: both are tried', { a: timed(0.5, 500), b: timed(0.45, 900) }, [0, 1]],
    ['one may be late: never tried', { a: timed(0.5, 500), b: timed(0.45, 1001) }, [0]],
    ['one may be late: not even if better', { a: timed(0.2, 500), b: timed(0.9, 1001) }, [0]],
    ['one is unknown: never tried', { a: timed(0.2, 500), b: known(0.9, 0.09, 1) }, [0]],
    ['both may be late: the better, no draw', { a: timed(0.3, 1500), b: timed(0.31, 9000) }, [1]],
  ])('%s', (_, arms, expected) => {
    expect(winners(arms, 1000)).toEqual(expected);
  });

  it('is met by what the row says where the class was not seen', () => {
    const rows = [
      makeRow('a', { durationMsMean: 100, durationSamples: 50 }),
      makeRow('b', { durationMsMean: 3000, durationSamples: 50 }),
    ];
    const best = Array.from({ length: 100 }, (_, at) =>
      firstOf(rated({}, inMs(1000, `${at}`), rows)),
    );
    expect([...new Set(best)]).toEqual([0]);
  });
});

describe('bandit against who knows the truth', () => {
  it.each([
    ['light load', 0, 200, 1],
    ['load that two backends cannot carry', 0, 45, 2],
    ['backends that slow down when used', 0.2, 120, 3],
    ['backends that slow down, under load', 0.2, 70, 4],
  ])('%s: p95 of requests 1001 to 2000 within 1.15 of it', (_, crowding, meanGapMs, seed) => {
    const backends = spreadOf(crowding);
    const load = { requests: 2000, meanGapMs, seed };
    const best = p95After(playTinyWorld(backends, oracleOf(backends), load), 1000);
    const p95 = p95After(
      playTinyWorld(backends, learningRouter(bandit, new Learner()), load),
      1000,
    );
    expect(p95 / best).toBeLessThanOrEqual(1.15);
  });

  it('which takes some learning: round robin is over twice as slow', () => {
    const backends = spreadOf(0);
    const load = { requests: 1000, meanGapMs: 200, seed: 1 };
    const turns: TinyRouter = { strategy: roundRobin, factsFor: () => noFacts };
    const best = p95After(playTinyWorld(backends, oracleOf(backends), load), 500);
    const p95 = p95After(playTinyWorld(backends, turns, load), 500);
    expect(p95).toBeGreaterThan(2 * best);
  });
});
