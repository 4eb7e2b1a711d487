import type { BackendId } from '@switchyard/domain';
import type { BackendRow } from '../backend-row.js';
import { expectedDurationMs } from '../expected-duration.js';

/** An attempt that takes longer than expected is taken to need this share of the time once more. */
const overdueShare = 0.5;

/**
 * When full backends are expected to have a slot free, behind the jobs that are promised one.
 *
 * It follows the attempts that it is told of; those that it was never told of count as overdue.
 */
export class Openings {
  readonly #sinceMs = new Map<BackendId, Map<string, number>>();
  readonly #backendOf = new Map<string, BackendId>();
  /** When each slot of a full backend is free, behind what is promised of it. */
  readonly #ends = new Map<BackendId, number[]>();

  /** An attempt took a slot. */
  dispatched(attempt: string, backendId: BackendId, nowMs: number): void {
    this.ended(attempt);
    this.#backendOf.set(attempt, backendId);
    const since = this.#sinceMs.get(backendId) ?? new Map<string, number>();
    this.#sinceMs.set(backendId, since.set(attempt, nowMs));
    this.#ends.delete(backendId);
  }

  /** An attempt ended, or was not sent after all. */
  ended(attempt: string): void {
    const backendId = this.#backendOf.get(attempt);
    if (backendId === undefined) return;
    this.#backendOf.delete(attempt);
    const since = this.#sinceMs.get(backendId);
    since?.delete(attempt);
    if (since?.size === 0) this.#sinceMs.delete(backendId);
  }

  /** The wall clock was put forward or back. */
  shiftClock(byMs: number): void {
    this.#ends.clear();
    for (const since of this.#sinceMs.values()) {
      for (const [attempt, sinceMs] of since) since.set(attempt, sinceMs + byMs);
    }
  }

  /** Nothing is promised any more. */
  forgetPromises(): void {
    this.#ends.clear();
  }

  /** For each full backend the instant at which the next slot is free that nobody was promised. */
  of(rows: readonly BackendRow[], nowMs: number): Record<BackendId, number> {
    const openings: Record<BackendId, number> = {};
    for (const row of rows) {
      if (row.inFlight < row.slots || row.slots <= 0) continue;
      const ends = this.#ends.get(row.id) ?? this.#endsOf(row, nowMs);
      this.#ends.set(row.id, ends);
      let least = ends[0] as number;
      for (const endMs of ends) least = Math.min(least, endMs);
      openings[row.id] = Math.round(least >= nowMs ? least : lateMs(row, nowMs));
    }
    return openings;
  }

  /** The next free slot of this backend is for a job that waits for it. */
  promise(row: BackendRow): void {
    const ends = this.#ends.get(row.id);
    if (ends === undefined) return;
    let first = 0;
    for (let at = 1; at < ends.length; at += 1) {
      if ((ends[at] as number) < (ends[first] as number)) first = at;
    }
    ends[first] = (ends[first] as number) + expectedDurationMs(row);
  }

  #endsOf(row: BackendRow, nowMs: number): number[] {
    const ends: number[] = [];
    for (const sinceMs of this.#sinceMs.get(row.id)?.values() ?? []) {
      const endMs = sinceMs + expectedDurationMs(row);
      ends.push(endMs >= nowMs ? endMs : lateMs(row, nowMs));
    }
    while (ends.length < row.slots) ends.push(lateMs(row, nowMs));
    return ends;
  }
}

const lateMs = (row: BackendRow, nowMs: number): number =>
  nowMs + overdueShare * expectedDurationMs(row);
