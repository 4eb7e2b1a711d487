import type { BackendId, FailureCode, JobId } from '@switchyard/domain';
import type { RefusalReason } from './empty-set.js';
import type { ExclusionReason } from './exclusion.js';
import type { Component } from './component.js';
import type { Turns } from './snapshot.js';

/**
 * Every backend able to do the job, by id, in columns: the nth entry of each column is of the nth
 * backend.
 */
export type Candidates = {
  readonly backendIds: readonly BackendId[];
  /** Points in all, at most the sum of the weights. */
  readonly points: readonly number[];
  readonly components: readonly Component[];
  readonly costsUsdMicros: readonly number[];
};

/** Every backend left out, by id, in columns. */
export type Excluded = {
  readonly backendIds: readonly BackendId[];
  readonly reasons: readonly ExclusionReason[];
};

/** What every decision carries, so that it can be explained and repeated. */
export type DecisionBasis = {
  readonly jobId: JobId;
  readonly attemptNo: number;
  readonly strategy: string;
  readonly strategyVersion: number;
  readonly snapshotVersion: number;
  readonly nowMs: number;
  readonly seed: number;
  readonly candidates: Candidates;
  readonly excluded: Excluded;
  /** `scorer_dropped:<name>`, `over_token_window:<backendId>`. */
  readonly warnings: readonly string[];
};

/**
 * Why the chosen one: the picker's first, the caller's wish, the wish not being there, or nobody
 * else left.
 */
export type RouteReason = 'picked' | 'user-preference' | 'preferred-unavailable' | 'reused';

/** Send the attempt to `backendId`. */
export type RouteDecision = DecisionBasis & {
  readonly kind: 'route';
  readonly backendId: BackendId;
  readonly estimatedCostUsdMicros: number;
  /** The chosen one, then the survivors to try after it: the best 16 at most. */
  readonly ranked: readonly BackendId[];
  readonly reason: RouteReason;
  readonly survivorCount: number;
  readonly points: number;
  /** 0.1 to 1: how far ahead the chosen one is, and how well measured. */
  readonly confidence: number;
  /** True: nobody reached the quality floor, so it was dropped. */
  readonly degraded: boolean;
  /** Given by a strategy that takes turns: the caller folds it, `withTurns`. */
  readonly nextTurns?: Turns;
};

/** Ask again at `untilMs`, or when the snapshot changes, whichever is first. */
export type WaitDecision = DecisionBasis & {
  readonly kind: 'wait';
  readonly untilMs?: number;
  readonly reason: ExclusionReason;
  /**
   * Others could take the job now; it waits for the next free slot of this one. It waits alone:
   * jobs of its group may be decided otherwise.
   */
  readonly awaitedId?: BackendId;
};

/** The job fails with `code`. */
export type RejectDecision = DecisionBasis & {
  readonly kind: 'reject';
  readonly code: FailureCode;
  readonly reason: RefusalReason;
};

/** The outcome of `decide`. */
export type Decision = RouteDecision | WaitDecision | RejectDecision;
