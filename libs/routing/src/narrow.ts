import type { BackendRow } from './backend-row.js';
import { type ExclusionReason, exclusions } from './exclusion.js';
import type { Ask } from './filter.js';
import { alreadyTried } from './filters/already-tried.js';
import { filters, firstReason, gravestNature } from './filters/pipeline.js';
import { tooLate } from './filters/too-late.js';

/**
 * What the filters leave: for each row, why it is out, or null; and what is special about those
 * left.
 */
export type Narrowed = {
  readonly reasons: readonly (ExclusionReason | null)[];
  readonly survivorCount: number;
  /** The position of the caller's preferred backend where it may be taken, else -1. */
  readonly preferredAt: number;
  /**
   * True: only backends already tried, with a transient error, were left, and they are taken again.
   */
  readonly isReuse: boolean;
};

type Reasons = (ExclusionReason | null)[];

/** One decision's filtering under way. */
type Work = {
  readonly rows: readonly BackendRow[];
  readonly ask: Ask;
  readonly reasons: Reasons;
  readonly hasLastResort: boolean;
};

/**
 * Applies the filters to each row, then the rules on the whole set, then takes tried ones back if
 * nobody is left.
 */
export function narrow(rows: readonly BackendRow[], ask: Ask): Narrowed {
  const reasons: Reasons = new Array<ExclusionReason | null>(rows.length);
  let hasLastResort = false;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as BackendRow;
    if (row.lastResort) hasLastResort = true;
    reasons[at] = firstReason(row, ask);
  }
  const work = { rows, ask, reasons, hasLastResort };
  const narrowed = applySetRules(work, false);
  if (narrowed.survivorCount > 0 || !readmitTried(work)) return narrowed;
  return applySetRules(work, true);
}

function applySetRules(work: Work, isReuse: boolean): Narrowed {
  const { reasons } = work;
  if (work.hasLastResort) keepLastResort(work);
  const preferredAt = findPreferred(work);
  dropTooLate(work, preferredAt);
  let survivorCount = 0;
  for (let at = 0; at < reasons.length; at += 1) if (reasons[at] === null) survivorCount += 1;
  return { reasons, survivorCount, preferredAt, isReuse };
}

/** A last resort is left out where any other backend could ever take the job, now or later. */
function keepLastResort({ rows, ask, reasons }: Work): void {
  const isOtherAble = rows.some(
    (row, at) => !row.lastResort && gravestNature(row, reasons[at] ?? null, ask) !== 'lasting',
  );
  if (!isOtherAble) return;
  rows.forEach((row, at) => {
    const reason = reasons[at] ?? null;
    const isLeft = reason === null || exclusions[reason].nature !== 'lasting';
    if (row.lastResort && isLeft) reasons[at] = 'last_resort';
  });
}

function findPreferred({ rows, ask, reasons }: Work): number {
  const wanted = ask.job.preferences.preferredBackend;
  if (wanted === 'auto') return -1;
  return rows.findIndex((row, at) => row.id === wanted && reasons[at] === null);
}

/**
 * A deadline drops nobody where it would drop everybody; a preferred backend is chosen before it is
 * asked.
 */
function dropTooLate({ rows, ask, reasons }: Work, preferredAt: number): void {
  if (ask.job.deadlineAtMs === undefined) return;
  const late: number[] = [];
  let isAnyInTime = false;
  for (let at = 0; at < rows.length; at += 1) {
    if (reasons[at] !== null) continue;
    if (at !== preferredAt && tooLate.excludes(rows[at] as BackendRow, ask)) late.push(at);
    else isAnyInTime = true;
  }
  if (isAnyInTime) for (const at of late) reasons[at] = tooLate.reason;
}

/**
 * Takes back the backends that only `already_tried` excludes and whose last error was transient.
 */
function readmitTried({ rows, ask, reasons }: Work): boolean {
  if (ask.job.triedTransient.length === 0) return false;
  const others = filters.filter((filter) => filter !== alreadyTried);
  let isAnyBack = false;
  rows.forEach((row, at) => {
    if (reasons[at] !== alreadyTried.reason || !ask.job.triedTransient.includes(row.id)) return;
    if (others.some((filter) => filter.excludes(row, ask))) return;
    reasons[at] = null;
    isAnyBack = true;
  });
  return isAnyBack;
}
