import type { FailureCode } from '@switchyard/domain';
import type { BackendRow } from './backend-row.js';
import { type ExclusionReason, exclusions } from './exclusion.js';
import { type Ask, factsOf } from './filter.js';
import { overCost } from './filters/over-cost.js';
import { gravestNature } from './filters/pipeline.js';
import type { Narrowed } from './narrow.js';

/** Why a job is refused. */
export type RefusalReason =
  | 'model_unknown'
  | 'none_registered'
  | 'none_able'
  | 'over_cost'
  | 'budget';

/** What an empty set means: the job waits, or is refused. */
export type EmptySetVerdict =
  | {
      readonly kind: 'wait';
      readonly untilMs: number | undefined;
      readonly reason: ExclusionReason;
    }
  | { readonly kind: 'reject'; readonly code: FailureCode; readonly reason: RefusalReason };

/**
 * Judges an empty set on the backends that could ever take the job.
 *
 * - One of them is kept from it by passing reasons alone: wait. `reason` is the passing one judged
 *   last, so the nearest to a route; `untilMs` the earliest end of a cooldown, where one is known.
 * - All of them are over the cost cap or a budget: `budget_exceeded`, with the reason `budget`
 *   where a budget alone is in the way of one of them.
 * - There is none: `not_found` where every backend is known not to have the model, else
 *   `no_backend_available`.
 */
export function judgeEmptySet(
  rows: readonly BackendRow[],
  narrowed: Narrowed,
  ask: Ask,
): EmptySetVerdict {
  let reason: ExclusionReason | null = null;
  let untilMs: number | undefined;
  let money: 'over_cost' | 'budget' | undefined;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as BackendRow;
    const own = narrowed.reasons[at] as ExclusionReason;
    const nature = gravestNature(row, own, ask);
    if (nature === 'money' && money !== 'budget') money = moneyReason(row, ask);
    if (nature !== 'passing') continue;
    if (reason === null || isLater(own, reason)) reason = own;
    untilMs = earlierEnd(row.cooldownUntilMs, untilMs, ask.nowMs);
  }
  if (reason !== null) return { kind: 'wait', untilMs, reason };
  if (money !== undefined) return { kind: 'reject', code: 'budget_exceeded', reason: money };
  return refuseForever(rows, ask);
}

const moneyReason = (row: BackendRow, ask: Ask): 'over_cost' | 'budget' =>
  overCost.excludes(row, ask) ? 'over_cost' : 'budget';

const order = Object.keys(exclusions) as readonly ExclusionReason[];

/** True where `reason` is judged after `other`. */
const isLater = (reason: ExclusionReason, other: ExclusionReason): boolean =>
  reason !== other && order.indexOf(reason) > order.indexOf(other);

function earlierEnd(
  endsAtMs: number,
  earliestMs: number | undefined,
  nowMs: number,
): number | undefined {
  if (!(endsAtMs > nowMs)) return earliestMs;
  return earliestMs === undefined || endsAtMs < earliestMs ? endsAtMs : earliestMs;
}

function refuseForever(rows: readonly BackendRow[], ask: Ask): EmptySetVerdict {
  const code = 'no_backend_available';
  if (rows.length === 0) return { kind: 'reject', code, reason: 'none_registered' };
  const isUnknown = rows.every((row) => row.models !== null && factsOf(row, ask) === undefined);
  if (isUnknown) return { kind: 'reject', code: 'not_found', reason: 'model_unknown' };
  return { kind: 'reject', code, reason: 'none_able' };
}
