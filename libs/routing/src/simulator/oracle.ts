import type { Arm, JobFacts } from '../job-facts.js';
import { noFacts } from '../job-facts.js';
import type { SimulatedAttempt, SimulatedBackend } from './simulated-backend.js';

/** A prompt that asks where it would be done soonest. */
export type OracleAsk = Pick<SimulatedAttempt, 'inputTokens' | 'keys'> & {
  /** The length that its answer is expected to have. */
  readonly outputTokens: number;
  /** What a failed attempt costs beside its time. */
  readonly retryDelayMs: number;
};

/** Of what is certain there is nothing to draw. */
const certain = { samples: 1e6, rewardVariance: 0 };

/**
 * What an oracle tells `bandit`: for each backend how long this job would be in it, by its true
 * speed, its true queue, batch and cache, and its true faults. The best is rewarded with 0.5.
 *
 * - It knows the odds of a fault and how long one takes, not which attempt it strikes.
 * - It is greedy: it does what is best for this job, and nothing for those that come after.
 */
export function oracleFacts<Attempt extends SimulatedAttempt>(
  ask: OracleAsk,
  backends: readonly SimulatedBackend<Attempt>[],
  moment: { readonly nowMs: number; readonly isAway: (backendAt: number) => boolean },
): JobFacts {
  const successesMs = backends.map((backend) => timeIn(backend, ask, moment.nowMs));
  const faultRatios = backends.map(({ spec }, at) =>
    Math.min(0.999, moment.isAway(at) ? 1 : spec.faultRatio),
  );
  // If it were tried there again and again.
  const stubbornMs = backends.map(({ spec }, at) => {
    const faultRatio = faultRatios[at] as number;
    const faults = faultRatio / (1 - faultRatio);
    return (successesMs[at] as number) + faults * (spec.faultMs + ask.retryDelayMs);
  });
  const wholesMs = backends.map(({ spec }, at) => {
    const elsewhereMs = Math.min(...stubbornMs.filter((_, other) => other !== at));
    const faultRatio = faultRatios[at] as number;
    const lossMs = spec.faultMs + ask.retryDelayMs + (elsewhereMs < Infinity ? elsewhereMs : 0);
    return (1 - faultRatio) * (successesMs[at] as number) + faultRatio * lossMs;
  });
  const bestMs = Math.min(...wholesMs);
  const arms = backends.map(({ spec }, at): [string, Arm] => {
    const wholeMs = Math.max(1e-3, wholesMs[at] as number);
    return [spec.id, { ...certain, rewardMean: bestMs / (bestMs + wholeMs) }];
  });
  return { ...noFacts, learned: { ...noFacts.learned, arms: Object.fromEntries(arms) } };
}

function timeIn<Attempt extends SimulatedAttempt>(
  backend: SimulatedBackend<Attempt>,
  ask: OracleAsk,
  nowMs: number,
): number {
  const { spec, batch } = backend;
  const missing = ask.inputTokens - backend.hitTokensOf(ask);
  const readingMs = backend.readingMsAt(nowMs) + spec.prefillMsFixed;
  const stepMs = spec.decodeStepMs + spec.decodeStepMsPerRequest * batch;
  return readingMs + spec.prefillMsPerToken * missing + stepMs * (ask.outputTokens - 1);
}
