import type { BackendId, JobKind } from '@switchyard/domain';
import { type BackendRow, type RowTariff, tariffFor } from './backend-row.js';
import { isFree } from './cost.js';
import type { ExclusionReason } from './exclusion.js';
import { expectedDurationMs } from './expected-duration.js';
import type { Ask, Filter } from './filter.js';
import type { Columns } from './filters/columns.js';
import { windowTokensOf } from './filters/context-window.js';
import { bitOf, filters } from './filters/pipeline.js';
import { waitMsOf } from './filters/too-late.js';
import { RecentMap } from './learning/recent-map.js';

/**
 * How every row stands to one model and kind, in columns by the row's place in the snapshot: all
 * that the filters and the prices read of a row that has not changed.
 *
 * From one decision to the next a few rows of a snapshot change; the others are the same objects,
 * and of them the same is true. A decision among 1000 rows would wait for memory more than it
 * reckons, since their fields, models and tariffs lie apart: one walk over them took longer than
 * all that is done with these columns, which lie side by side (docs/BENCHMARKS.md).
 *
 * It holds nothing but what follows from a row, a model and a kind, so that no decision depends on
 * the ones before it. It is good until the next `standingTo` of the same model and kind.
 */
export class Standing implements Columns {
  readonly rows: BackendRow[] = [];
  readonly ids: BackendId[] = [];
  /** Of the first filter that excludes the row whatever else the job asks; null = none does. */
  readonly reasons: (ExclusionReason | null)[] = [];
  /** The filters before that one that depend on what else the job asks: their `bitOf`. */
  open = new Uint32Array(0);
  /** NaN = unknown. */
  windowTokens = new Float64Array(0);
  /** What the model costs; where nobody knows, what others of the backend do. */
  readonly tariffs: RowTariff[] = [];
  isUnpriced = new Uint8Array(0);
  /** 1 = no amount of that tariff is other than 0. */
  isFree = new Uint8Array(0);
  isLastResort = new Uint8Array(0);
  durationsMs = new Float64Array(0);
  /** What `waitMsOf` says. */
  waitsMs = new Float64Array(0);
  /** The newest heartbeat; Infinity = not followed. */
  heardAtMs = new Float64Array(0);

  /** Takes over what changed since the last time. */
  follow(rows: readonly BackendRow[], ask: Ask): void {
    if (rows.length > this.open.length) this.#grow(2 * rows.length);
    const seen = this.rows;
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at] as BackendRow;
      if (seen[at] !== row) this.#take(row, at, ask);
    }
    if (seen.length > rows.length) this.#shrink(rows.length);
  }

  #take(row: BackendRow, at: number, ask: Ask): void {
    const tariff = tariffFor(row, ask.job.model);
    const durationMs = expectedDurationMs(row);
    this.rows[at] = row;
    this.ids[at] = row.id;
    this.#judge(row, at, ask);
    this.windowTokens[at] = windowTokensOf(row, ask) ?? Number.NaN;
    this.tariffs[at] = tariff ?? row.tariff;
    this.isFree[at] = isFree(this.tariffs[at]) ? 1 : 0;
    this.isUnpriced[at] = tariff === null ? 1 : 0;
    this.isLastResort[at] = row.lastResort ? 1 : 0;
    this.durationsMs[at] = durationMs;
    this.waitsMs[at] = waitMsOf(row, durationMs);
    this.heardAtMs[at] = row.stats.lastHeartbeatAtMs ?? Infinity;
  }

  #judge(row: BackendRow, at: number, ask: Ask): void {
    let open = 0;
    let reason: ExclusionReason | null = null;
    for (let place = 0; place < filters.length; place += 1) {
      const filter = filters[place] as Filter;
      if (filter.depends?.(row, ask)) open |= bitOf(place);
      else if (filter.excludes(row, ask)) {
        reason = filter.reason;
        break;
      }
    }
    this.open[at] = open;
    this.reasons[at] = reason;
  }

  #grow(room: number): void {
    const more = (column: Float64Array) => {
      const grown = new Float64Array(room);
      grown.set(column);
      return grown;
    };
    this.windowTokens = more(this.windowTokens);
    this.durationsMs = more(this.durationsMs);
    this.waitsMs = more(this.waitsMs);
    this.heardAtMs = more(this.heardAtMs);
    const { open, isUnpriced, isFree: free, isLastResort } = this;
    this.open = new Uint32Array(room);
    this.isUnpriced = new Uint8Array(room);
    this.isFree = new Uint8Array(room);
    this.isLastResort = new Uint8Array(room);
    this.open.set(open);
    this.isUnpriced.set(isUnpriced);
    this.isFree.set(free);
    this.isLastResort.set(isLastResort);
  }

  #shrink(count: number): void {
    this.rows.length = count;
    this.ids.length = count;
    this.reasons.length = count;
    this.tariffs.length = count;
    this.isLastResort.fill(0, count);
  }
}

/** So many models of each kind are remembered: 1000 rows take 0.1 MB each. */
const modelsMax = 64;
const standings = new Map<JobKind, RecentMap<Standing>>();

/** How `rows` stand to the model and the kind of the job. */
export function standingTo(rows: readonly BackendRow[], ask: Ask): Standing {
  const { kind, model } = ask.job;
  let ofKind = standings.get(kind);
  if (ofKind === undefined) {
    ofKind = new RecentMap(modelsMax);
    standings.set(kind, ofKind);
  }
  const standing = ofKind.use(model, newStanding);
  standing.follow(rows, ask);
  return standing;
}

const newStanding = (): Standing => new Standing();
