import { decide } from './decide.js';
import type { Decision } from './decision.js';
import type { DecisionInput } from './decision-input.js';
import type { RoutingJob } from './job.js';
import type { JobFacts } from './job-facts.js';
import { findStrategy, type UnknownStrategy } from './registry.js';
import { type Snapshot, snapshotOf } from './snapshot.js';
import { retired } from './strategies/retired.js';
import type { Strategy } from './strategy.js';

/** A decision with all that it saw: plain data, the same after a trip through JSON. */
export type DecisionRecord = {
  readonly job: RoutingJob;
  readonly snapshot: Snapshot;
  readonly strategy: string;
  readonly nowMs: number;
  readonly seed: number;
  /** Not given: `noFacts`. */
  readonly facts?: JobFacts;
  readonly decision: Decision;
  /** Where the rows lie that are not in the snapshot, in their order; see record-pages.ts. */
  readonly rowPages?: readonly string[];
};

/** What a replay found. `expected` and `actual` are the two decisions as JSON. */
export type ReplayResult =
  | { readonly kind: 'same' }
  | { readonly kind: 'different'; readonly expected: string; readonly actual: string }
  | ({ readonly kind: 'unknown_strategy' } & UnknownStrategy);

/** The record of a decision and its input. */
export const recordOf = (input: DecisionInput, decision: Decision): DecisionRecord => ({
  job: input.job,
  snapshot: input.snapshot,
  strategy: input.strategy.name,
  nowMs: input.nowMs,
  seed: input.seed,
  ...(input.facts === undefined ? {} : { facts: input.facts }),
  decision,
});

/** The strategy as it was: of the version that decided, where that is known. */
function recordedBy({ strategy, decision }: DecisionRecord): Strategy | UnknownStrategy {
  const { strategyVersion } = decision;
  const old = retired.find(({ name, version }) => {
    return name === strategy && version === strategyVersion;
  });
  return old ?? findStrategy(strategy);
}

/**
 * Decides again from what the record saw, and compares the two decisions byte for byte. `others`
 * are strategies that are not in the registry.
 */
export function replay(record: DecisionRecord, others: readonly Strategy[] = []): ReplayResult {
  const strategy = others.find(({ name }) => name === record.strategy) ?? recordedBy(record);
  if ('unknown' in strategy) return { kind: 'unknown_strategy', ...strategy };
  const { job, nowMs, seed, facts } = record;
  const snapshot = snapshotOf(record.snapshot.backends, record.snapshot);
  const actual = JSON.stringify(decide({ job, snapshot, strategy, nowMs, seed, facts }));
  const expected = JSON.stringify(record.decision);
  return actual === expected ? { kind: 'same' } : { kind: 'different', expected, actual };
}
