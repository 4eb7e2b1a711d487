import type { BackendId } from '@switchyard/domain';
import type { Decision, Excluded, RejectDecision, RouteDecision } from './decision.js';
import { type ExclusionReason, exclusions } from './exclusion.js';

/** So many backends are named for one reason; the others are counted. */
const mostNames = 3;

/**
 * One sentence that says why the decision is as it is. For people: it is not made until somebody
 * asks.
 */
export function explain(decision: Decision): string {
  if (decision.kind === 'route') return explainRoute(decision);
  const left = listExclusions(decision.excluded);
  if (decision.kind === 'wait') {
    const { awaitedId, strategy, reason } = decision;
    if (awaitedId === undefined) return `The job waits: ${left}.`;
    const why = reason === 'too_late' ? 'since it will be late anyway' : 'where it will be in time';
    return `${strategy} lets the job wait for ${awaitedId}, ${why}: ${left}.`;
  }
  return explainRefusal(decision, left);
}

function explainRoute(decision: RouteDecision): string {
  const { strategy, backendId, survivorCount, reason } = decision;
  if (reason === 'user-preference') return `${backendId} was chosen because the caller prefers it.`;
  const opening = {
    picked: '',
    'preferred-unavailable': 'The preferred backend is not available: ',
    reused: 'Only backends already tried are left: ',
  }[reason];
  return `${opening}${strategy} chose ${backendId}${strongest(decision)}${lead(decision)} (${
    survivorCount === 1 ? 'the only candidate' : `of ${survivorCount} candidates`
  }).`;
}

/** The two components that gave the chosen backend most. */
function strongest({ candidates, backendId, points }: RouteDecision): string {
  const at = candidates.backendIds.indexOf(backendId);
  const parts = candidates.components
    .map(({ name, points: own }) => ({ name, own: own[at] ?? 0 }))
    .sort((a, b) => b.own - a.own)
    .slice(0, 2);
  if (parts.length === 0) return '';
  const listed = parts.map(({ name, own }) => `${name} ${own.toFixed(2)}`).join(' and ');
  return ` with ${points.toFixed(2)} points, most of them for ${listed}`;
}

function lead({ candidates, ranked, points }: RouteDecision): string {
  const second = ranked[1];
  if (second === undefined || candidates.components.length === 0) return '';
  const behind = points - (candidates.points[candidates.backendIds.indexOf(second)] ?? 0);
  return `, ${behind.toFixed(2)} ahead of ${second}`;
}

function explainRefusal({ reason }: RejectDecision, left: string): string {
  if (reason === 'none_registered') return 'No backend is registered.';
  if (reason === 'model_unknown') return 'No backend has this model.';
  return `${refusals[reason]}: ${left}.`;
}

const refusals = {
  over_cost: 'The cost cap leaves no backend',
  budget: 'No budget pays for a backend any more',
  none_able: 'No backend can take the job',
} as const;

/** The exclusions by reason, in the order in which the reasons are judged. */
function listExclusions({ backendIds, reasons }: Excluded): string {
  const byReason = new Map<ExclusionReason, BackendId[]>();
  for (const [at, id] of backendIds.entries()) {
    const reason = reasons[at] as ExclusionReason;
    byReason.set(reason, [...(byReason.get(reason) ?? []), id]);
  }
  const parts: string[] = [];
  for (const reason of Object.keys(exclusions) as ExclusionReason[]) {
    const ids = byReason.get(reason);
    if (ids === undefined) continue;
    const more = ids.length > mostNames ? ` and ${ids.length - mostNames} more` : '';
    parts.push(`${exclusions[reason].meaning} ${ids.slice(0, mostNames).join(', ')}${more}`);
  }
  return parts.join('; ');
}
