import { strategies } from '../registry.js';
import type { Strategy } from '../strategy.js';
import { madeTrace } from '../testing/made-trace.js';
import { productionParts as parts } from '@switchyard/testing/simulation';
import { promptsOf, type SimulationInput, simulate } from './simulation.js';
import { type RunSummary, summarise } from './summary.js';
import { compressed } from './trace.js';
import { demandRatio, unequalFleet } from './unequal-fleet.js';

const fleet = unequalFleet();
const learnedFrom = 1000;

/** A trace that asks for this share of what the backends that do not fail could read. */
function traceOf(share: number) {
  const trace = madeTrace({ requests: 2200, meanGapMs: 800, seed: 11, conversations: 1100 });
  return compressed(trace, share / demandRatio(trace, fleet));
}

describe('the unequal fleet', () => {
  it('has a spread of four, and is alike in all that the router is told', () => {
    const speeds = fleet.map(({ prefillMsPerToken }) => prefillMsPerToken);
    expect(Math.max(...speeds) / Math.min(...speeds)).toBe(4);
    expect(fleet.filter(({ faultRatio }) => faultRatio > 0)).toHaveLength(2);
    expect(new Set(fleet.map(({ expectedResponseTimeMs }) => expectedResponseTimeMs)).size).toBe(1);
  });

  it('is asked for as much as is said', () => {
    expect(demandRatio(traceOf(0.5), fleet)).toBeCloseTo(0.5, 2);
  });
});

/** The small form of bench/learning/oracle.mjs. */
describe.each([
  [30, 1],
  [60, 2],
])('at %d %% load, by chance %d, the p95 of requests from 1,001 on', (percent, seed) => {
  const trace = traceOf(percent / 100);
  const prompts = promptsOf(trace);
  const play = (strategy: Strategy, oracle?: SimulationInput['oracle']): RunSummary =>
    summarise(simulate({ trace, fleet, strategy, parts, prompts, seed, oracle }), learnedFrom);
  const best = play(strategies.bandit, 'speeds').endToEnd.p95Ms;

  it.each(['intelligent', 'bandit'] as const)('is within 1.15 of the oracle by %s', (name) => {
    expect(play(strategies[name]).endToEnd.p95Ms / best).toBeLessThanOrEqual(1.15);
  });

  it('takes some learning: in turn it is a third longer', () => {
    expect(play(strategies.round_robin).endToEnd.p95Ms / best).toBeGreaterThan(1.33);
  });
});
