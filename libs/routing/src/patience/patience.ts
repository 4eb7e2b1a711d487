import type { BackendId } from '@switchyard/domain';
import type { BackendRow } from '../backend-row.js';
import type { WaitDecision } from '../decision.js';
import type { RoutingJob } from '../job.js';
import { findRow, type Snapshot } from '../snapshot.js';
import type { Reading, Strategy } from '../strategy.js';
import { Openings } from './openings.js';

/** So many jobs are promised slots at once: all are decided again when one is free. */
const asideMax = 64;

/** True where a strategy lets this job wait for a better backend. */
const mayWait = (job: RoutingJob, reads: readonly Reading[] | undefined): boolean =>
  job.deadlineAtMs !== undefined && reads !== undefined && reads.includes('openings');

/**
 * The jobs that wait each for a backend of its own choice, while others could take them now: they
 * stand aside in the waiting room until one of the backends has a slot, or it is time to go.
 *
 * Whoever runs the waiting room asks `isOver` before each pass and lets them come back then, in the
 * order of the room; each promise of a slot then is made anew.
 */
export class Patience {
  readonly #openings = new Openings();
  readonly #awaited = new Set<BackendId>();
  /** Of those who were promised a slot. */
  #count = 0;
  #nextAtMs = Infinity;
  /** True from the first job on that may wait: before it nothing is followed. */
  #isFollowing = false;

  /** When the first of those aside must go; Infinity where nobody is. */
  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  /** What a decision on this job is told, or undefined where it may not wait. */
  openingsFor(
    job: RoutingJob,
    { reads }: Strategy,
    { backends }: Snapshot,
    nowMs: number,
  ): Readonly<Record<BackendId, number>> | undefined {
    if (!mayWait(job, reads)) return undefined;
    this.#isFollowing = true;
    return this.#openings.of(backends, nowMs);
  }

  /** An attempt took a slot. */
  dispatched(attempt: string, backendId: BackendId, nowMs: number): void {
    if (this.#isFollowing) this.#openings.dispatched(attempt, backendId, nowMs);
  }

  /** An attempt ended, or was not sent after all. */
  ended(attempt: string): void {
    if (this.#isFollowing) this.#openings.ended(attempt);
  }

  /** True where those who stand aside should come back: call it once, before a pass. */
  isOver(snapshot: Snapshot, nowMs: number): boolean {
    if (this.#awaited.size === 0) return false;
    if (nowMs < this.#nextAtMs && this.#areAllFull(snapshot)) return false;
    this.clear();
    return true;
  }

  /** A decision was to wait. `group`: for whatever its group waits; `aside`: it alone, for one. */
  waits(decision: WaitDecision, snapshot: Snapshot): 'aside' | 'group' {
    const { awaitedId, untilMs, reason } = decision;
    if (awaitedId === undefined) return 'group';
    if (reason === 'too_late') {
      // It is promised nothing, and at its deadline it is over without being asked again.
      this.#awaited.add(awaitedId);
      return 'aside';
    }
    if (this.#count >= asideMax) return 'group';
    const row = findRow(snapshot, awaitedId);
    if (row) this.#openings.promise(row);
    this.#awaited.add(awaitedId);
    this.#count += 1;
    this.#nextAtMs = Math.min(this.#nextAtMs, untilMs ?? decision.nowMs);
    return 'aside';
  }

  /** The wall clock was put forward or back: those aside are asked again. */
  shiftClock(byMs: number): void {
    this.#openings.shiftClock(byMs);
    if (this.#awaited.size > 0) this.#nextAtMs = 0;
  }

  /** Nobody stands aside any more. */
  clear(): void {
    this.#openings.forgetPromises();
    this.#awaited.clear();
    this.#count = 0;
    this.#nextAtMs = Infinity;
  }

  #areAllFull(snapshot: Snapshot): boolean {
    for (const id of this.#awaited) if (!isFull(findRow(snapshot, id))) return false;
    return true;
  }
}

/** One that is gone or unwell is not worth waiting for: whoever does is asked again. */
const isFull = (row: BackendRow | undefined): boolean =>
  row !== undefined &&
  row.inFlight >= row.slots &&
  row.isAlive &&
  row.health !== 'down' &&
  row.breaker !== 'open';
