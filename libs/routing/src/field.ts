import type { BackendId } from '@switchyard/domain';
import type { BackendRow } from './backend-row.js';
import { isUnpriced } from './cost.js';
import type { ExclusionReason } from './exclusion.js';
import type { Ask } from './filter.js';
import { isAble } from './filters/capability.js';
import type { Narrowed } from './narrow.js';

/**
 * The scored set, by id, and the positions in it of the survivors and of the preferred backend
 * (else -1).
 */
export type Field = {
  readonly rows: readonly BackendRow[];
  readonly ids: readonly BackendId[];
  readonly costsUsdMicros: readonly number[];
  readonly durationsMs: readonly number[];
  readonly survivors: readonly number[];
  readonly preferred: number;
};

/** Lays the able backends out in columns. */
export function layOut(narrowed: Narrowed): Field {
  const { standing, reasons, ask } = narrowed;
  const count = reasons.length;
  const rows = new Array<BackendRow>(count);
  const ids = new Array<BackendId>(count);
  const costsUsdMicros = new Array<number>(count);
  const durationsMs = new Array<number>(count);
  const survivors = new Array<number>(narrowed.survivorCount);
  let survived = 0;
  let preferred = -1;
  let next = 0;
  let isAnyUnpriced = false;
  for (let at = 0; at < count; at += 1) {
    const reason = reasons[at] as ExclusionReason | null;
    const row = standing.rows[at] as BackendRow;
    if (!isScored(row, reason, ask)) continue;
    if (reason === null) {
      survivors[survived] = next;
      survived += 1;
    }
    if (at === narrowed.preferredAt) preferred = next;
    rows[next] = row;
    ids[next] = standing.ids[at] as BackendId;
    costsUsdMicros[next] = narrowed.costsUsdMicros[at] as number;
    durationsMs[next] = standing.durationsMs[at] as number;
    if (standing.isUnpriced[at] === 1) isAnyUnpriced = true;
    next += 1;
  }
  if (next < count) {
    for (const column of [rows, ids, costsUsdMicros, durationsMs]) column.length = next;
  }
  if (isAnyUnpriced) priceAsDearest(rows, costsUsdMicros, ask);
  return { rows, ids, costsUsdMicros, durationsMs, survivors, preferred };
}

/** Who has no price counts as the dearest of the set. */
function priceAsDearest(rows: readonly BackendRow[], costsUsdMicros: number[], { job }: Ask): void {
  const dearest = costsUsdMicros.reduce((most, each) => Math.max(most, each), 0);
  rows.forEach((row, at) => {
    if (isUnpriced(row, job)) costsUsdMicros[at] = dearest;
  });
}

/** Only a disabled backend was not yet asked whether it is able. */
function isScored(row: BackendRow, reason: ExclusionReason | null, ask: Ask): boolean {
  if (reason === null) return true;
  if (reason === 'capability' || reason === 'catalogue_unknown') return false;
  return reason !== 'disabled' || isAble(row, ask);
}
