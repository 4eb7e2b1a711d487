import type { BackendRow } from './backend-row.js';
import { type ExclusionReason, exclusions } from './exclusion.js';
import type { Ask, Filter } from './filter.js';
import { alreadyTried } from './filters/already-tried.js';
import { tooLate } from './filters/too-late.js';

/** What the filters leave: for each row, why it is out, or null; and what is special about those left. */
export type Narrowed = {
  readonly reasons: readonly (ExclusionReason | null)[];
  readonly survivorCount: number;
  /** The position of the caller's preferred backend where it may be taken, else -1. */
  readonly preferredAt: number;
  /** True: only backends already tried, with a transient error, were left, and they are taken again. */
  readonly isReuse: boolean;
};

type Reasons = (ExclusionReason | null)[];

/** One decision's filtering under way. */
type Work = {
  readonly rows: readonly BackendRow[];
  readonly active: readonly Filter[];
  readonly ask: Ask;
  readonly reasons: Reasons;
};

/** Applies `filters` to each row, then the rules on the whole set, then takes tried ones back if nobody is left. */
export function narrow(
  rows: readonly BackendRow[],
  filters: readonly Filter[],
  ask: Ask,
): Narrowed {
  const active = activeFilters(filters, ask);
  const reasons: Reasons = new Array<ExclusionReason | null>(rows.length);
  for (let at = 0; at < rows.length; at += 1) {
    reasons[at] = firstReason(rows[at] as BackendRow, active, ask);
  }
  const work = { rows, active, ask, reasons };
  const narrowed = applySetRules(work, false);
  if (narrowed.survivorCount > 0 || !readmitTried(work)) return narrowed;
  return applySetRules(work, true);
}

/** The filters that this job has something to filter by. */
export const activeFilters = (filters: readonly Filter[], ask: Ask): readonly Filter[] =>
  filters.filter((filter) => filter.applies === undefined || filter.applies(ask));

/** True where a filter of nature `nature` excludes the row, whatever excluded it first. */
export function isExcludedBy(
  nature: 'lasting' | 'money',
  row: BackendRow,
  active: readonly Filter[],
  ask: Ask,
): boolean {
  for (const filter of active) {
    if (exclusions[filter.reason].nature === nature && filter.excludes(row, ask)) return true;
  }
  return false;
}

function firstReason(row: BackendRow, active: readonly Filter[], ask: Ask): ExclusionReason | null {
  for (let at = 0; at < active.length; at += 1) {
    const filter = active[at] as Filter;
    if (filter.excludes(row, ask)) return filter.reason;
  }
  return null;
}

function applySetRules(work: Work, isReuse: boolean): Narrowed {
  const { reasons } = work;
  keepLastResort(work);
  const preferredAt = findPreferred(work);
  dropTooLate(work, preferredAt);
  let survivorCount = 0;
  for (let at = 0; at < reasons.length; at += 1) if (reasons[at] === null) survivorCount += 1;
  return { reasons, survivorCount, preferredAt, isReuse };
}

/** A last resort is left out where any other backend could ever take the job, now or later. */
function keepLastResort({ rows, active, ask, reasons }: Work): void {
  let isAnyLeft = false;
  let isOtherLeft = false;
  for (let at = 0; at < rows.length; at += 1) {
    if (reasons[at] !== null) continue;
    if ((rows[at] as BackendRow).lastResort) isAnyLeft = true;
    else isOtherLeft = true;
  }
  if (!isAnyLeft) return;
  const isOtherAble =
    isOtherLeft ||
    rows.some((row) => !row.lastResort && !isExcludedBy('lasting', row, active, ask));
  if (!isOtherAble) return;
  rows.forEach((row, at) => {
    if (row.lastResort && reasons[at] === null) reasons[at] = 'last_resort';
  });
}

function findPreferred({ rows, ask, reasons }: Work): number {
  const wanted = ask.job.preferences.preferredBackend;
  if (wanted === 'auto') return -1;
  return rows.findIndex((row, at) => row.id === wanted && reasons[at] === null);
}

/** A deadline drops nobody where it would drop everybody; a preferred backend is chosen before it is asked. */
function dropTooLate({ rows, ask, reasons }: Work, preferredAt: number): void {
  if (tooLate.applies?.(ask) === false) return;
  const late: number[] = [];
  let isAnyInTime = false;
  for (let at = 0; at < rows.length; at += 1) {
    if (reasons[at] !== null) continue;
    if (at !== preferredAt && tooLate.excludes(rows[at] as BackendRow, ask)) late.push(at);
    else isAnyInTime = true;
  }
  if (isAnyInTime) for (const at of late) reasons[at] = tooLate.reason;
}

/** Takes back the backends that only `already_tried` excludes and whose last error was transient. */
function readmitTried({ rows, active, ask, reasons }: Work): boolean {
  const others = active.filter((filter) => filter.reason !== alreadyTried.reason);
  let isAnyBack = false;
  rows.forEach((row, at) => {
    if (reasons[at] !== alreadyTried.reason || !ask.job.triedTransient.includes(row.id)) return;
    if (firstReason(row, others, ask) !== null) return;
    reasons[at] = null;
    isAnyBack = true;
  });
  return isAnyBack;
}
