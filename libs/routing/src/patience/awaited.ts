import type { BackendRow } from '../backend-row.js';
import type { Choice } from '../choice.js';
import type { WaitDecision } from '../decision.js';
import type { DecisionInput } from '../decision-input.js';
import { expectedDurationMs, trustedSamples } from '../expected-duration.js';
import type { Field } from '../field.js';
import type { Ask } from '../filter.js';
import { filters } from '../filters/pipeline.js';
import { numberOf } from '../job-facts.js';
import type { Narrowed } from '../narrow.js';

/** What a decision says of a wait for a better backend. */
type Awaited = Required<Pick<WaitDecision, 'untilMs' | 'reason' | 'awaitedId'>>;

/** What was decided of a job that may wait for better. */
type Sight = {
  readonly input: DecisionInput;
  readonly narrowed: Narrowed;
  readonly field: Field;
  readonly choice: Choice;
};

/** So many standard deviations below the mean an attempt hardly ever is. */
const luckMax = 2;

/**
 * The full backend that a job with a deadline had better wait for: with more points than the chosen
 * one, kept from it by its slots alone, and done in time once the next one is free. Of several the
 * one with the most points. Where the chosen one would be late itself, any that would not.
 *
 * `untilMs` is the last moment at which the chosen one would be in time (where it would not, the
 * awaited one): then the job is asked about again, whatever became of the slot.
 *
 * Where all would be late, and the chosen one surely, a strategy may save: the job waits for the
 * one with the most points, in time or not, until its deadline.
 */
export function awaitedOf(ask: Ask, sight: Sight): Awaited | undefined {
  const { nowMs } = ask;
  const { deadlineAtMs } = ask.job;
  const openings = sight.input.facts?.openings;
  if (deadlineAtMs === undefined || openings === undefined) return undefined;
  const { field, choice } = sight;
  const place = choice.order[0] as number;
  const chosen = field.rows[place] as BackendRow;
  const points = choice.points[place] as number;
  const goAtMs = deadlineAtMs - expectedDurationMs(chosen);
  const isLate = !(goAtMs >= nowMs);
  const best = bestFull(ask, sight, isLate ? -1 : points, (row) => {
    const openAtMs = numberOf(openings, row.id, Number.NaN);
    return openAtMs + expectedDurationMs(row) <= deadlineAtMs;
  });
  if (best !== undefined) {
    const untilMs = Math.floor(isLate ? deadlineAtMs - expectedDurationMs(best) : goAtMs);
    if (!(untilMs > nowMs)) return undefined;
    return { untilMs, reason: 'capacity', awaitedId: best.id };
  }
  const mayBeInTime = nowMs + shortestMs(chosen) <= deadlineAtMs;
  if (!isLate || mayBeInTime || choice.strategy.savesWhenLate !== true) return undefined;
  const better = bestFull(ask, sight, points, () => true);
  const untilMs = Math.floor(deadlineAtMs);
  if (better === undefined || !(untilMs > nowMs)) return undefined;
  return { untilMs, reason: 'too_late', awaitedId: better.id };
}

/** Of the good ones that are only full, the one with the most points, and more than `pointsMin`. */
function bestFull(
  ask: Ask,
  { input, narrowed, field, choice }: Sight,
  pointsMin: number,
  isGood: (row: BackendRow) => boolean,
): BackendRow | undefined {
  const { backends } = input.snapshot;
  let best: BackendRow | undefined;
  let bestPoints = pointsMin;
  let at = 0;
  for (const [place, row] of field.rows.entries()) {
    while ((backends[at] as BackendRow).id !== row.id) at += 1;
    const points = choice.points[place] as number;
    if (!(points > bestPoints) || narrowed.reasons[at] !== 'capacity') continue;
    if (!isGood(row) || !isOnlyFull(row, ask)) continue;
    best = row;
    bestPoints = points;
  }
  return best;
}

/** How long a job takes that is lucky: what was measured says how much that can be. */
function shortestMs(row: BackendRow): number {
  const meanMs = expectedDurationMs(row);
  if (row.durationSamples < trustedSamples) return meanMs;
  const { recentSamples, stddevMs } = row.stats;
  return recentSamples < 2 ? meanMs / 2 : Math.max(0, meanMs - luckMax * stddevMs);
}

/** True where a free slot is all that keeps the backend from the job. */
function isOnlyFull(row: BackendRow, ask: Ask): boolean {
  const withSlot = { ...row, inFlight: 0 };
  return filters.every((filter) => !filter.excludes(withSlot, ask));
}
