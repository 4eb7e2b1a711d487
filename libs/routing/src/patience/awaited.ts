import type { BackendRow } from '../backend-row.js';
import type { Choice } from '../choice.js';
import type { WaitDecision } from '../decision.js';
import type { DecisionInput } from '../decision-input.js';
import { expectedDurationMs } from '../expected-duration.js';
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

/**
 * The full backend that a job with a deadline had better wait for: with more points than the chosen
 * one, kept from it by its slots alone, and done in time once the next one is free. Of several the
 * one with the most points. Where the chosen one would be late itself, any that would not.
 *
 * `untilMs` is the last moment at which the chosen one would be in time (where it would not, the
 * awaited one): then the job is asked about again, whatever became of the slot.
 */
export function awaitedOf(
  ask: Ask,
  { input, narrowed, field, choice }: Sight,
): Awaited | undefined {
  const { deadlineAtMs } = ask.job;
  const openings = input.facts?.openings;
  if (deadlineAtMs === undefined || openings === undefined) return undefined;
  const { backends } = input.snapshot;
  const chosen = choice.order[0] as number;
  const goAtMs = deadlineAtMs - expectedDurationMs(field.rows[chosen] as BackendRow);
  const isLate = !(goAtMs >= ask.nowMs);
  let best: BackendRow | undefined;
  let bestPoints = isLate ? -1 : (choice.points[chosen] as number);
  let at = 0;
  for (const [place, row] of field.rows.entries()) {
    while ((backends[at] as BackendRow).id !== row.id) at += 1;
    const points = choice.points[place] as number;
    if (!(points > bestPoints) || narrowed.reasons[at] !== 'capacity') continue;
    const openAtMs = numberOf(openings, row.id, Number.NaN);
    if (!(openAtMs + expectedDurationMs(row) <= deadlineAtMs)) continue;
    if (!isOnlyFull(row, ask)) continue;
    best = row;
    bestPoints = points;
  }
  if (best === undefined) return undefined;
  const untilMs = Math.floor(isLate ? deadlineAtMs - expectedDurationMs(best) : goAtMs);
  if (!(untilMs > ask.nowMs)) return undefined;
  return { untilMs, reason: 'capacity', awaitedId: best.id };
}

/** True where a free slot is all that keeps the backend from the job. */
function isOnlyFull(row: BackendRow, ask: Ask): boolean {
  const withSlot = { ...row, inFlight: 0 };
  return filters.every((filter) => !filter.excludes(withSlot, ask));
}
