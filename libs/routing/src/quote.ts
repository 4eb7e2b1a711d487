import type { BackendId } from '@switchyard/domain';
import type { BackendRow } from './backend-row.js';
import { speedOf } from './backend-stats.js';
import { estimateRowCostUsdMicros, isUnpriced } from './cost.js';
import { decide } from './decide.js';
import type { Decision } from './decision.js';
import type { DecisionInput } from './decision-input.js';
import type { ExclusionReason } from './exclusion.js';
import { expectedResponseMs, expectedTtftMs } from './expected-times.js';
import { explain } from './explain.js';
import { layOut } from './field.js';
import { askOf } from './filter.js';
import { noFacts, numberOf } from './job-facts.js';
import { narrow } from './narrow.js';
import { type Rating, rate } from './rating.js';
import type { ScoredSet } from './scorer.js';

/** What one backend would be to the job. */
export type QuoteCandidate = {
  readonly backendId: BackendId;
  readonly isEligible: boolean;
  readonly excludedBy?: ExclusionReason;
  /** Points in all and by scorer; absent where the strategy could not rate. */
  readonly points?: number;
  readonly components: Readonly<Record<string, number>>;
  /** An empty answer to the longest one, in whole USD micros; null = nobody knows the price. */
  readonly costUsdMicros: { readonly least: number; readonly most: number } | null;
  /** Until it has a slot free, were the job its next. */
  readonly waitMs: number;
  /** From now to the first token, and to the last. */
  readonly ttftMs: number;
  readonly durationMs: number;
  /** True where the model's speed was measured there; else the times are configured ones. */
  readonly isMeasured: boolean;
  /** Leading prompt tokens in its prefix cache. */
  readonly hitTokens: number;
};

/** What would become of a job if it came now. */
export type Quote = {
  readonly decision: Decision;
  readonly reasoning: string;
  /** Every backend that is able to do the job, by id. */
  readonly candidates: readonly QuoteCandidate[];
};

/** Decides without consequence, and adds what it would cost and take at every able backend. */
export function quoteOf(input: DecisionInput): Quote {
  const { job, snapshot, strategy, nowMs, facts = noFacts } = input;
  const decision = decide(input);
  const asked = askOf(job, nowMs, { settings: snapshot.settings, facts });
  const narrowed = narrow(snapshot.backends, asked);
  const { rows, costsUsdMicros, durationsMs } = layOut(narrowed);
  const set = { rows, costsUsdMicros, durationsMs, job, facts, settings: snapshot.settings, nowMs };
  const rating = decision.kind === 'route' ? decision.candidates : ratingOf(strategy, set);
  const reasonOf = new Map(
    decision.excluded.backendIds.map((id, at) => [id, decision.excluded.reasons[at]]),
  );
  const candidates = rows.map((row, at) => {
    const excludedBy = reasonOf.get(row.id);
    const points = rating?.points[at];
    const components = (rating?.components ?? []).map(({ name, points: own }) => [name, own[at]]);
    return {
      backendId: row.id,
      isEligible: excludedBy === undefined,
      ...(excludedBy === undefined ? {} : { excludedBy }),
      ...(points === undefined ? {} : { points }),
      components: Object.fromEntries(components) as Record<string, number>,
      ...estimatesOf(row, set),
    };
  });
  return { decision, reasoning: explain(decision), candidates };
}

/** A strategy that throws rates nobody here; where it matters its fallback decides. */
function ratingOf(strategy: DecisionInput['strategy'], set: ScoredSet): Rating | undefined {
  try {
    return rate(strategy, set);
  } catch {
    return undefined;
  }
}

function estimatesOf(row: BackendRow, { job, facts }: ScoredSet) {
  const waitMs = waitMsOf(row, { job, facts });
  const durationMs = expectedResponseMs(row, { job, facts });
  // The one is estimated by the prompt and the other as measured: no token comes after the last.
  const ttftMs = Math.min(durationMs, expectedTtftMs(row, { job, facts }));
  const most = estimateRowCostUsdMicros(row, job);
  const least = Math.min(most, estimateRowCostUsdMicros(row, { ...job, maxOutputTokens: 0 }));
  return {
    costUsdMicros: isUnpriced(row, job) ? null : { least, most },
    waitMs,
    ttftMs: waitMs + ttftMs,
    durationMs: waitMs + durationMs,
    isMeasured: speedOf(row.stats, job.model).samples > 0,
    hitTokens: Math.max(0, numberOf(facts.hitTokens, row.id, 0)),
  };
}

/** With all slots in use one is free after a part of an attempt, as they end one after another. */
function waitMsOf(row: BackendRow, ask: Pick<ScoredSet, 'job' | 'facts'>): number {
  const ahead = row.inFlight - row.slots + (row.waiting ?? 0);
  if (ahead < 0 || row.slots <= 0) return 0;
  return Math.round(((ahead + 1) * expectedResponseMs(row, ask)) / row.slots);
}
