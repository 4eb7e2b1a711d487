import { best } from '../pickers/best.js';
import { outstanding } from '../scorers/occupancy.js';
import { crowdedTtft, prefixHit, ttft } from '../scorers/ttft.js';
import { defaultSettings, type ScorerWeights } from '../settings.js';
import type { Strategy } from '../strategy.js';
import { leastRecent } from '../tie-breaks.js';
import type { FoldedHealth } from './parts.js';
import { type SimulationInput, simulate } from './simulation.js';
import { type RunSummary, summarise } from './summary.js';

/** What a sweep weighs: the scorers that matter to the first token. */
const swept = [ttft, crowdedTtft, prefixHit, outstanding] as const;
/** Weights go in steps of a ninth: 220 settings of four weights that add up to one. */
const steps = 9;

const sweptStrategy: Strategy = {
  name: 'sweep',
  version: 1,
  scorers: swept.map((scorer) => ({ scorer, weight: 25 })),
  picker: best,
  tieBreak: leastRecent,
  reads: ['stats', 'work', 'hits'],
};

/** One weight setting of a sweep, and what it came to. */
export type SweepPoint = { readonly weights: ScorerWeights; readonly summary: RunSummary };

/** Every setting of weights, in ninths. */
export function sweepSettings(): readonly ScorerWeights[] {
  const found: ScorerWeights[] = [];
  for (let a = 0; a <= steps; a += 1) {
    for (let b = 0; a + b <= steps; b += 1) {
      for (let c = 0; a + b + c <= steps; c += 1) {
        const weights = [a, b, c, steps - a - b - c];
        found.push(Object.fromEntries(swept.map(({ name }, at) => [name, weights[at] as number])));
      }
    }
  }
  return found;
}

/** Plays the trace once under every setting of weights, one after the other. */
export function* sweep<Health extends FoldedHealth>(
  input: Omit<SimulationInput<Health>, 'strategy' | 'settings'>,
): Generator<SweepPoint> {
  for (const weights of sweepSettings()) {
    const settings = { ...defaultSettings, weights: { [sweptStrategy.name]: weights } };
    const record = simulate({ ...input, strategy: sweptStrategy, settings });
    yield { weights, summary: summarise(record) };
  }
}
