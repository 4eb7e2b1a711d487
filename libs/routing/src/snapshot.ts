import type { BackendId, JobKind } from '@switchyard/domain';
import { alike, type BackendRow } from './backend-row.js';

/**
 * All that a decision sees of the world: plain data, never changed in place.
 *
 * - `backends` is sorted by id (by UTF-16 code units), each id once.
 * - `version` grows by one with every fold.
 * - `cursors` holds, for each pool, the backend chosen last.
 */
export type Snapshot = {
  readonly version: number;
  readonly backends: readonly BackendRow[];
  readonly cursors: Readonly<Partial<Record<JobKind, BackendId>>>;
};

/** A snapshot without a backend, version 0. */
export const emptySnapshot: Snapshot = { version: 0, backends: [], cursors: {} };

/** A snapshot of `rows` in any order; of rows with the same id the last one counts. */
export function snapshotOf(
  rows: readonly BackendRow[],
  rest: Partial<Omit<Snapshot, 'backends'>> = {},
): Snapshot {
  const byId = new Map(rows.map((row) => [row.id, alike(row)]));
  const backends = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { version: rest.version ?? 0, backends, cursors: rest.cursors ?? {} };
}

/**
 * The snapshot with `row` added, or in place of the row with its id. Copies the list of rows, not
 * the rows.
 */
export function withRow(snapshot: Snapshot, row: BackendRow): Snapshot {
  const at = positionOf(snapshot.backends, row.id);
  const backends = snapshot.backends.slice();
  if (backends[at]?.id === row.id) backends[at] = alike(row);
  else backends.splice(at, 0, alike(row));
  return { version: snapshot.version + 1, backends, cursors: snapshot.cursors };
}

/** The snapshot without the row of `id`; the same snapshot where it has none. */
export function withoutRow(snapshot: Snapshot, id: BackendId): Snapshot {
  const at = positionOf(snapshot.backends, id);
  if (snapshot.backends[at]?.id !== id) return snapshot;
  const backends = snapshot.backends.slice();
  backends.splice(at, 1);
  return { version: snapshot.version + 1, backends, cursors: snapshot.cursors };
}

/** The snapshot after `backendId` was chosen for the pool of `kind`. */
export function withCursor(snapshot: Snapshot, kind: JobKind, backendId: BackendId): Snapshot {
  const cursors = { ...snapshot.cursors, [kind]: backendId };
  return { version: snapshot.version + 1, backends: snapshot.backends, cursors };
}

/** The row of `id`, found by halving. */
export function findRow(snapshot: Snapshot, id: BackendId): BackendRow | undefined {
  const row = snapshot.backends[positionOf(snapshot.backends, id)];
  return row?.id === id ? row : undefined;
}

/** Where `id` is, or would be put. */
function positionOf(rows: readonly BackendRow[], id: BackendId): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] as BackendRow).id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
