import type { BackendId } from '@switchyard/domain';
import type { BackendRow } from './backend-row.js';
import { confidenceOf } from './confidence.js';
import { estimateRowCostUsdMicros } from './cost.js';
import type { Candidates, Decision, DecisionBasis, Excluded, RouteReason } from './decision.js';
import { judgeEmptySet } from './empty-set.js';
import type { ExclusionReason } from './exclusion.js';
import { type Ask, askOf } from './filter.js';
import { isAble } from './filters/capability.js';
import { isOverTokenWindow } from './filters/capacity.js';
import type { RoutingJob } from './job.js';
import { type JobFacts, noFacts } from './job-facts.js';
import { type Narrowed, narrow } from './narrow.js';
import { rankedMax } from './picker.js';
import { rate } from './rating.js';
import type { Snapshot } from './snapshot.js';
import type { Strategy } from './strategy.js';

/** All that a decision depends on. */
export type DecisionInput = {
  readonly job: RoutingJob;
  readonly snapshot: Snapshot;
  readonly strategy: Strategy;
  readonly nowMs: number;
  /** `seedOf(job.id, job.attemptNo)`. */
  readonly seed: number;
  /** What is true of this job beside its own fields. @default noFacts */
  readonly facts?: JobFacts;
};

/**
 * The routing decision: filters narrow, scorers rate, the picker takes one.
 *
 * - A pure function of its input: the same input gives the same decision, to the byte.
 * - Total: it never throws, and an empty set has its own rule (empty-set.ts).
 * - Scores are of all backends able to do the job, so they do not move when one of them drops out.
 */
export function decide(input: DecisionInput): Decision {
  const { job, snapshot, nowMs } = input;
  const ask = askOf(job, nowMs);
  const narrowed = narrow(snapshot.backends, ask);
  if (narrowed.survivorCount > 0) return routeOne(input, ask, narrowed);
  const verdict = judgeEmptySet(snapshot.backends, narrowed, ask);
  const excluded = listExcluded(snapshot.backends, narrowed);
  return { ...verdict, ...basisOf(input, { candidates: nobody, excluded, warnings: [] }) };
}

/**
 * A job that waits or is refused is rated nowhere: many wait, and are asked about again and again.
 */
const nobody: Candidates = { backendIds: [], points: [], components: [], costsUsdMicros: [] };

function routeOne(input: DecisionInput, ask: Ask, narrowed: Narrowed): Decision {
  const { job, snapshot, strategy, nowMs } = input;
  const field = layOut(snapshot.backends, narrowed, ask);
  const { rows, ids, costsUsdMicros } = field;
  const { facts = noFacts } = input;
  const { settings } = snapshot;
  const set = { rows, costsUsdMicros, job, facts, settings, nowMs };
  const { components, points, warnings } = rate(strategy, set);
  const order = orderOf(input, field, points);
  const chosen = order[0] as number;
  const runnerUp = order[1];
  const row = rows[chosen] as BackendRow;
  const candidates = { backendIds: ids, points, components, costsUsdMicros };
  const excluded = listExcluded(snapshot.backends, narrowed);
  if (isOverTokenWindow(row, ask.totalTokens)) warnings.push(`over_token_window:${row.id}`);
  return {
    kind: 'route',
    backendId: row.id,
    estimatedCostUsdMicros: costsUsdMicros[chosen] as number,
    ranked: order.map((at) => ids[at] as BackendId),
    reason: reasonOf(job, narrowed),
    survivorCount: narrowed.survivorCount,
    points: points[chosen] as number,
    degraded: false,
    confidence: confidenceOf({
      samples: row.durationSamples,
      chosenPoints: points[chosen] as number,
      runnerUpPoints: runnerUp === undefined ? undefined : points[runnerUp],
    }),
    ...basisOf(input, { candidates, excluded, warnings }),
  };
}

/**
 * The scored set, by id, and the positions in it of the survivors and of the preferred backend
 * (else -1).
 */
type Field = {
  readonly rows: readonly BackendRow[];
  readonly ids: readonly BackendId[];
  readonly costsUsdMicros: readonly number[];
  readonly survivors: readonly number[];
  readonly preferred: number;
};

function layOut(backends: readonly BackendRow[], narrowed: Narrowed, ask: Ask): Field {
  const count = backends.length;
  const rows = new Array<BackendRow>(count);
  const ids = new Array<BackendId>(count);
  const costsUsdMicros = new Array<number>(count);
  const survivors: number[] = [];
  let preferred = -1;
  let next = 0;
  for (let at = 0; at < count; at += 1) {
    const row = backends[at] as BackendRow;
    const reason = narrowed.reasons[at] as ExclusionReason | null;
    if (!isScored(row, reason, ask)) continue;
    if (reason === null) survivors.push(next);
    if (at === narrowed.preferredAt) preferred = next;
    rows[next] = row;
    ids[next] = row.id;
    costsUsdMicros[next] = estimateRowCostUsdMicros(row, ask.job);
    next += 1;
  }
  rows.length = next;
  ids.length = next;
  costsUsdMicros.length = next;
  return { rows, ids, costsUsdMicros, survivors, preferred };
}

/** Only a disabled backend was not yet asked whether it is able. */
function isScored(row: BackendRow, reason: ExclusionReason | null, ask: Ask): boolean {
  if (reason === null) return true;
  if (reason === 'capability' || reason === 'catalogue_unknown') return false;
  return reason !== 'disabled' || isAble(row, ask);
}

function orderOf(
  { job, snapshot, strategy, seed }: DecisionInput,
  { rows, survivors, preferred }: Field,
  points: readonly number[],
): readonly number[] {
  const lastChosenId = snapshot.cursors[job.kind];
  const { picker, tieBreak } = strategy;
  const order = picker.order({ rows, points, survivors, tieBreak, lastChosenId, seed });
  if (preferred < 0) return order;
  return [preferred, ...order.filter((at) => at !== preferred)].slice(0, rankedMax);
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
  { job, snapshot, strategy, nowMs, seed }: DecisionInput,
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
