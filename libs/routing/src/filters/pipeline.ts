import type { BackendRow } from '../backend-row.js';
import { type ExclusionNature, type ExclusionReason, exclusions } from '../exclusion.js';
import type { Ask, Filter } from '../filter.js';
import { alreadyTried } from './already-tried.js';
import { breakerOpen } from './breaker-open.js';
import { budget, budgetHeld } from './budget.js';
import { capability } from './capability.js';
import { capacity } from './capacity.js';
import { catalogueUnknown } from './catalogue-unknown.js';
import { cloudNotAllowed } from './cloud-not-allowed.js';
import type { Columns } from './columns.js';
import { contextWindow } from './context-window.js';
import { cooldown } from './cooldown.js';
import { dead } from './dead.js';
import { disabled } from './disabled.js';
import { inputModalities } from './input-modalities.js';
import { overCost } from './over-cost.js';
import { qualityFloor } from './quality-floor.js';
import { region } from './region.js';
import { tags } from './tags.js';
import { unhealthy } from './unhealthy.js';

/**
 * The filters of every strategy, in order: the first one that excludes a backend gives the reason.
 *
 * Three rules look at the whole set and are applied by narrow.ts: `last_resort`, `suspect` and
 * `too_late`.
 */
export const filters: readonly Filter[] = [
  disabled,
  capability,
  inputModalities,
  catalogueUnknown,
  region,
  tags,
  contextWindow,
  dead,
  unhealthy,
  breakerOpen,
  cooldown,
  overCost,
  budget,
  budgetHeld,
  capacity,
  qualityFloor,
  alreadyTried,
  cloudNotAllowed,
];

/** The filters in sets, a bit for the `place`th of the list; the first one's is the highest. */
export const bitOf = (place: number): number => 0x8000_0000 >>> place;

/** The set of those that may exclude somebody for this job. */
export function askedBy(ask: Ask): number {
  let asked = 0;
  for (let place = 0; place < filters.length; place += 1) {
    if ((filters[place] as Filter).isAsked?.(ask) ?? true) asked |= bitOf(place);
  }
  return asked;
}

/** One decision's filtering: the rows as they stand, and what is asked of them. */
export type Sieve = {
  readonly standing: Columns;
  readonly ask: Ask;
  /** `askedBy(ask)`. */
  readonly asked: number;
  /** What the job is expected to cost at each row. */
  readonly costsUsdMicros: readonly number[];
};

/**
 * The reason of the first filter of the list that excludes the `at`th row, or null.
 *
 * Only those are called that this job asks and of which the row's standing does not know what they
 * say: two for most.
 */
export function firstReason(at: number, sieve: Sieve): ExclusionReason | null {
  let open = (sieve.standing.open[at] as number) & sieve.asked;
  while (open !== 0) {
    const place = Math.clz32(open);
    if (isOut(place, at, sieve)) return (filters[place] as Filter).reason;
    open ^= bitOf(place);
  }
  return sieve.standing.reasons[at] as ExclusionReason | null;
}

/** The two that nearly every job asks of every row read columns; a test compares both forms. */
function isOut(place: number, at: number, { standing, ask, costsUsdMicros }: Sieve): boolean {
  if (place === windowPlace) return ask.totalTokens > (standing.windowTokens[at] as number);
  if (place !== costPlace) {
    return (filters[place] as Filter).excludes(standing.rows[at] as BackendRow, ask);
  }
  const cap = ask.job.preferences.maxCostPerJobUsdMicros as number;
  return standing.isUnpriced[at] === 1 || !((costsUsdMicros[at] as number) <= cap);
}

const windowPlace = filters.indexOf(contextWindow);
const costPlace = filters.indexOf(overCost);

/**
 * What keeps the backend from ever taking the job: `lasting` reasons, else `money`, else the
 * `quality` floor, else only `passing` ones.
 *
 * `reason` is its first one, so the filters before it let the backend through; null counts as
 * passing.
 */
export function gravestNature(
  row: BackendRow,
  reason: ExclusionReason | null,
  ask: Ask,
): ExclusionNature {
  if (reason === null) return 'passing';
  let gravest: ExclusionNature = exclusions[reason].nature;
  for (let at = (positions.get(reason) ?? filters.length) + 1; at < filters.length; at += 1) {
    if (gravest === 'lasting') return gravest;
    const nature = natures[at] as ExclusionNature;
    if (gravity[nature] <= gravity[gravest]) continue;
    if ((filters[at] as Filter).excludes(row, ask)) gravest = nature;
  }
  return gravest;
}

const gravity = { passing: 0, quality: 1, money: 2, lasting: 3 } as const;
const natures = filters.map(({ reason }): ExclusionNature => exclusions[reason].nature);
const positions = new Map<ExclusionReason, number>(filters.map(({ reason }, at) => [reason, at]));
