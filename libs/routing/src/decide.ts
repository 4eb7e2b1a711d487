import type { BackendId } from '@switchyard/domain';
import type { BackendRow } from './backend-row.js';
import { chooseFrom } from './choice.js';
import { confidenceOf } from './confidence.js';
import type { Candidates, Decision, DecisionBasis, Excluded, RouteReason } from './decision.js';
import { isUnpriced } from './cost.js';
import type { DecisionInput } from './decision-input.js';
import { judgeEmptySet } from './empty-set.js';
import type { ExclusionReason } from './exclusion.js';
import { layOut } from './field.js';
import { type Ask, askOf } from './filter.js';
import { isOverTokenWindow } from './filters/capacity.js';
import type { RoutingJob } from './job.js';
import { noFacts } from './job-facts.js';
import { type Narrowed, narrow } from './narrow.js';
import { awaitedOf } from './patience/awaited.js';
import type { Strategy } from './strategy.js';

/**
 * The routing decision: filters narrow, scorers rate, the picker takes one.
 *
 * - A pure function of its input: the same input gives the same decision, to the byte.
 * - Total: it never throws, and an empty set has its own rule (empty-set.ts).
 * - Scores are of all backends able to do the job, so they do not move when one of them drops out.
 */
export function decide(input: DecisionInput): Decision {
  const { job, snapshot, nowMs } = input;
  const asked = askOf(job, nowMs, { settings: snapshot.settings, facts: input.facts ?? noFacts });
  const narrowed = narrow(snapshot.backends, asked);
  const { ask } = narrowed;
  if (narrowed.survivorCount > 0) return routeOne(input, ask, narrowed);
  const verdict = judgeEmptySet(snapshot.backends, narrowed, ask);
  const excluded = listExcluded(snapshot.backends, narrowed);
  return {
    ...verdict,
    ...basisOf(input, input.strategy, { candidates: nobody, excluded, warnings: [] }),
  };
}

/**
 * A job that waits or is refused is rated nowhere: many wait, and are asked about again and again.
 */
const nobody: Candidates = { backendIds: [], points: [], components: [], costsUsdMicros: [] };

function routeOne(input: DecisionInput, ask: Ask, narrowed: Narrowed): Decision {
  const { snapshot } = input;
  const field = layOut(narrowed);
  const { rows, ids, costsUsdMicros } = field;
  const choice = chooseFrom(input, field);
  const { order, points, components, warnings, strategy, nextTurns } = choice;
  const chosen = order[0] as number;
  const runnerUp = order[1];
  const row = rows[chosen] as BackendRow;
  const candidates = { backendIds: ids, points, components, costsUsdMicros };
  const excluded = listExcluded(snapshot.backends, narrowed);
  const basis = { candidates, excluded, warnings };
  const awaited =
    field.preferred < 0 ? awaitedOf(ask, { input, narrowed, field, choice }) : undefined;
  if (awaited !== undefined) {
    return { kind: 'wait', ...awaited, ...basisOf(input, strategy, basis) };
  }
  if (isOverTokenWindow(row, ask.totalTokens)) warnings.push(`over_token_window:${row.id}`);
  if (isUnpriced(row, input.job)) warnings.push(`price_unknown:${row.id}`);
  return {
    kind: 'route',
    backendId: row.id,
    estimatedCostUsdMicros: costsUsdMicros[chosen] as number,
    ranked: order.map((at) => ids[at] as BackendId),
    reason: reasonOf(input.job, narrowed),
    survivorCount: narrowed.survivorCount,
    points: points[chosen] as number,
    degraded: narrowed.isDegraded,
    ...(nextTurns === undefined ? {} : { nextTurns }),
    confidence: confidenceOf({
      samples: row.durationSamples,
      chosenPoints: points[chosen] as number,
      runnerUpPoints: runnerUp === undefined ? undefined : points[runnerUp],
    }),
    ...basisOf(input, strategy, basis),
  };
}

function listExcluded(backends: readonly BackendRow[], { reasons }: Narrowed): Excluded {
  const backendIds: BackendId[] = [];
  const excludedReasons: ExclusionReason[] = [];
  for (let at = 0; at < backends.length; at += 1) {
    const reason = reasons[at] as ExclusionReason | null;
    if (reason === null) continue;
    backendIds.push((backends[at] as BackendRow).id);
    excludedReasons.push(reason);
  }
  return { backendIds, reasons: excludedReasons };
}

function reasonOf({ preferences }: RoutingJob, { preferredAt, isReuse }: Narrowed): RouteReason {
  if (isReuse) return 'reused';
  if (preferences.preferredBackend === 'auto') return 'picked';
  return preferredAt >= 0 ? 'user-preference' : 'preferred-unavailable';
}

function basisOf(
  { job, snapshot, nowMs, seed }: DecisionInput,
  strategy: Strategy,
  { candidates, excluded, warnings }: Pick<DecisionBasis, 'candidates' | 'excluded' | 'warnings'>,
): DecisionBasis {
  return {
    jobId: job.id,
    attemptNo: job.attemptNo,
    strategy: strategy.name,
    strategyVersion: strategy.version,
    snapshotVersion: snapshot.version,
    nowMs,
    seed,
    candidates,
    excluded,
    warnings,
  };
}
