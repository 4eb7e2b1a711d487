import type { BackendId, JobKind } from '@switchyard/domain';
import { alike, type BackendRow } from './backend-row.js';
import { defaultSettings, type RoutingSettings } from './settings.js';

/**
 * What a strategy remembers from one decision of a pool to the next: for `weighted_round_robin` the
 * current weight of each backend, in thousandths. Whole numbers; a backend not named has 0.
 */
export type Turns = Readonly<Record<BackendId, number>>;

/**
 * All that a decision sees of the world: plain data, never changed in place.
 *
 * - `backends` is sorted by id (by UTF-16 code units), each id once.
 * - `version` grows by one with every fold.
 * - `cursors` holds, for each pool, the backend chosen last.
 * - `turns` holds, for each pool, what `nextTurns` of its last route said.
 */
export type Snapshot = {
  readonly version: number;
  readonly backends: readonly BackendRow[];
  readonly cursors: Readonly<Partial<Record<JobKind, BackendId>>>;
  readonly turns: Readonly<Partial<Record<JobKind, Turns>>>;
  readonly settings: RoutingSettings;
};

/** A snapshot without a backend, version 0. */
export const emptySnapshot: Snapshot = {
  version: 0,
  backends: [],
  cursors: {},
  turns: {},
  settings: defaultSettings,
};

/** A snapshot of `rows` in any order; of rows with the same id the last one counts. */
export function snapshotOf(
  rows: readonly BackendRow[],
  rest: Partial<Omit<Snapshot, 'backends'>> = {},
): Snapshot {
  const byId = new Map(rows.map((row) => [row.id, alike(row)]));
  const backends = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    version: rest.version ?? 0,
    backends,
    cursors: rest.cursors ?? {},
    turns: rest.turns ?? {},
    settings: rest.settings ?? defaultSettings,
  };
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
  return after(snapshot, { backends });
}

/** The snapshot without the row of `id`; the same snapshot where it has none. */
export function withoutRow(snapshot: Snapshot, id: BackendId): Snapshot {
  const at = positionOf(snapshot.backends, id);
  if (snapshot.backends[at]?.id !== id) return snapshot;
  const backends = snapshot.backends.slice();
  backends.splice(at, 1);
  return after(snapshot, { backends, turns: withoutTurn(snapshot.turns, id) });
}

/** The snapshot after `backendId` was chosen for the pool of `kind`. */
export function withCursor(snapshot: Snapshot, kind: JobKind, backendId: BackendId): Snapshot {
  return after(snapshot, { cursors: { ...snapshot.cursors, [kind]: backendId } });
}

/** The snapshot after a route of the pool of `kind` said `nextTurns`. */
export const withTurns = (snapshot: Snapshot, kind: JobKind, turns: Turns): Snapshot =>
  after(snapshot, { turns: { ...snapshot.turns, [kind]: turns } });

/** The snapshot under other settings. */
export const withSettings = (snapshot: Snapshot, settings: RoutingSettings): Snapshot =>
  after(snapshot, { settings });

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

/** The next snapshot: one version on, with `changed` in it. */
const after = (snapshot: Snapshot, changed: Partial<Snapshot>): Snapshot => ({
  version: snapshot.version + 1,
  backends: changed.backends ?? snapshot.backends,
  cursors: changed.cursors ?? snapshot.cursors,
  turns: changed.turns ?? snapshot.turns,
  settings: changed.settings ?? snapshot.settings,
});

/** A backend that is gone loses its turn; one that is only left out of a decision keeps it. */
const withoutTurn = (turns: Snapshot['turns'], id: BackendId): Snapshot['turns'] =>
  Object.fromEntries(
    Object.entries(turns).map(([kind, { [id]: _gone, ...others }]) => [kind, others]),
  );
