import type { BackendRow, RowTariff } from './backend-row.js';
import { type ExclusionReason, exclusions } from './exclusion.js';
import { estimateJobCostUsdMicros } from './cost.js';
import type { Ask, Filter } from './filter.js';
import { alreadyTried } from './filters/already-tried.js';
import { capacity } from './filters/capacity.js';
import { askedBy, filters, firstReason, gravestNature } from './filters/pipeline.js';
import type { SetRule } from './filters/set-rule.js';
import { suspect } from './filters/suspect.js';
import { tooLate } from './filters/too-late.js';
import { type Standing, standingTo } from './standing.js';

/**
 * What the filters leave: for each row, why it is out, or null; and what is special about those
 * left.
 */
export type Narrowed = {
  readonly reasons: readonly (ExclusionReason | null)[];
  /** For each row, what the job is expected to cost there. */
  readonly costsUsdMicros: readonly number[];
  /** Good until the next decision: see there. */
  readonly standing: Standing;
  readonly survivorCount: number;
  /** The position of the caller's preferred backend where it may be taken, else -1. */
  readonly preferredAt: number;
  /**
   * True: only backends already tried, with a transient error, were left, and they are taken again.
   */
  readonly isReuse: boolean;
  /** True: nobody could ever reach the quality floor, so it was dropped. */
  readonly isDegraded: boolean;
  /** The question as it was asked in the end: without the floor where that was dropped. */
  readonly ask: Ask;
};

type Reasons = (ExclusionReason | null)[];

/** One decision's filtering under way. */
type Work = {
  readonly rows: readonly BackendRow[];
  readonly ask: Ask;
  readonly standing: Standing;
  readonly costsUsdMicros: readonly number[];
  readonly reasons: Reasons;
};

/**
 * Applies the filters to each row, then the rules on the whole set; if nobody is left, drops a
 * quality floor that nobody could reach, else takes tried ones back.
 */
export function narrow(rows: readonly BackendRow[], ask: Ask): Narrowed {
  const standing = standingTo(rows, ask);
  const costsUsdMicros = priceAll(standing, ask);
  const sieve = { standing, ask, asked: askedBy(ask), costsUsdMicros };
  const reasons: Reasons = new Array<ExclusionReason | null>(rows.length);
  for (let at = 0; at < rows.length; at += 1) reasons[at] = firstReason(at, sieve);
  const work = { rows, ask, standing, costsUsdMicros, reasons };
  const narrowed = applySetRules(work, false);
  if (narrowed.survivorCount > 0) return narrowed;
  if (isFloorTooHigh(work)) {
    return { ...narrow(rows, { ...ask, minimumQuality: 0 }), isDegraded: true };
  }
  return readmitTried(work) ? applySetRules(work, true) : narrowed;
}

/** Free ones are not looked at: their tariffs lie apart. */
function priceAll({ rows, tariffs, isFree, durationsMs }: Standing, ask: Ask): number[] {
  const costsUsdMicros = new Array<number>(rows.length);
  // What is no number of tokens has no price, not even a free one.
  const areTokens = Number.isFinite(ask.totalTokens);
  for (let at = 0; at < rows.length; at += 1) {
    costsUsdMicros[at] =
      areTokens && isFree[at] === 1
        ? 0
        : estimateJobCostUsdMicros(tariffs[at] as RowTariff, ask.job, durationsMs[at] as number);
  }
  return costsUsdMicros;
}

function applySetRules(work: Work, isReuse: boolean): Narrowed {
  const { reasons, ask, standing, costsUsdMicros } = work;
  if (standing.isLastResort.includes(1)) keepLastResort(work);
  dropUnlessAll(work, suspect, -1);
  const preferredAt = findPreferred(work);
  if (ask.job.deadlineAtMs !== undefined) dropUnlessAll(work, tooLate, preferredAt);
  let survivorCount = 0;
  for (let at = 0; at < reasons.length; at += 1) if (reasons[at] === null) survivorCount += 1;
  const isDegraded = false;
  return {
    reasons,
    costsUsdMicros,
    standing,
    survivorCount,
    preferredAt,
    isReuse,
    isDegraded,
    ask,
  };
}

/**
 * True where some backend could take the job but for the floor, and none that reaches the floor
 * could ever take it: one that is only full, or may be tried again, could.
 */
function isFloorTooHigh({ rows, ask, reasons }: Work): boolean {
  if (!(ask.minimumQuality > 0)) return false;
  let isAnyBelow = false;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as BackendRow;
    const nature = gravestNature(row, reasons[at] as ExclusionReason, ask);
    if (nature === 'quality') isAnyBelow = true;
    if (nature === 'passing' && !isSpent(row, ask)) return false;
  }
  return isAnyBelow;
}

/** True where the backend was tried, and its error will not pass. */
const isSpent = ({ id }: BackendRow, { job }: Ask): boolean =>
  job.excludedBackendIds.includes(id) && !job.triedTransient.includes(id);

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
 * Leaves out whom `rule` excludes, unless that is everybody; `exemptAt`, a preferred backend, is
 * not asked.
 */
function dropUnlessAll({ standing, ask, reasons }: Work, rule: SetRule, exemptAt: number): void {
  const dropped: number[] = [];
  let isAnyLeft = false;
  for (let at = 0; at < reasons.length; at += 1) {
    if (reasons[at] !== null) continue;
    if (at !== exemptAt && rule.excludes(at, standing, ask)) dropped.push(at);
    else isAnyLeft = true;
  }
  if (isAnyLeft) for (const at of dropped) reasons[at] = rule.reason;
}

/**
 * Takes back the backends that only `already_tried` excludes and whose last error was transient.
 *
 * While another one is only full, none that has not been seen to work since: an attempt is worth
 * more than the wait for a slot. Right after the failure what is known of health is of before it.
 */
function readmitTried(work: Work): boolean {
  const { rows, ask, reasons } = work;
  if (ask.job.triedTransient.length === 0) return false;
  const isOtherFull = rows.some((_row, at) => isOnlyFull(at, work));
  let isAnyBack = false;
  rows.forEach((row, at) => {
    if (reasons[at] !== alreadyTried.reason || !ask.job.triedTransient.includes(row.id)) return;
    if (isOtherFull && (row.health !== 'healthy' || isJustFailed(ask))) return;
    if (!passesAllBut(alreadyTried, row, ask)) return;
    reasons[at] = null;
    isAnyBack = true;
  });
  return isAnyBack;
}

/** How long a failure may take to show in the health of its backend. */
const healthLagMs = 3_000;

/** Clocks may differ: what failed long after now did so long ago as well. */
const isJustFailed = ({ job: { lastFailureAtMs }, nowMs }: Ask): boolean =>
  lastFailureAtMs !== undefined && Math.abs(nowMs - lastFailureAtMs) < healthLagMs;

/** True where the next slot that is free would let it through. */
function isOnlyFull(at: number, { rows, ask, reasons }: Work): boolean {
  const row = rows[at] as BackendRow;
  if (reasons[at] !== capacity.reason || !(row.inFlight >= row.slots && row.slots > 0))
    return false;
  return passesAllBut(capacity, row, ask);
}

const passesAllBut = (left: Filter, row: BackendRow, ask: Ask): boolean =>
  filters.every((filter) => filter === left || !filter.excludes(row, ask));
