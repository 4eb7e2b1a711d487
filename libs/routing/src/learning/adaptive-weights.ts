import type { BackendId } from '@switchyard/domain';
import { type QueryType, queryTypes } from '../job-facts.js';
import { JoinedKeys } from './joined-keys.js';
import { RecentMap } from './recent-map.js';

/** How one attempt went, as the weights count it. */
export type Performance = {
  readonly backendId: BackendId;
  readonly queryType: QueryType;
  readonly isSuccess: boolean;
  readonly durationMs: number;
  /** 0 to 1. @default 0.5 */
  readonly quality?: number;
  readonly atMs: number;
};

/** What may be set of the weights. */
export type AdaptiveWeightsOptions = {
  /** How far one update goes towards the mean, over 0 to 1. @default 0.01 */
  readonly learningRate?: number;
  /** How often the weights are updated. @default 900000, 15 minutes */
  readonly everyMs?: number;
};

/** One learned weight, as people see it. */
export type LearnedWeight = {
  readonly backendId: BackendId;
  readonly queryType: QueryType;
  readonly weight: number;
};

/** One outcome that no update has used yet: the key, how good it was, and when. */
type Outcome = readonly [key: string, performance: number, atMs: number];

/** What the weights are saved as. */
export type AdaptiveWeightsState = {
  readonly weights: readonly (readonly [key: string, weight: number])[];
  readonly outcomes: readonly Outcome[];
  readonly updatedAtMs: number;
};

const weightMin = 0.1;
const weightMax = 2;
/** 1170 backends' seven; those updated longest ago leave. */
const weightsMax = 8192;
const outcomesMin = 10;
const outcomesMax = 1000;
const ageMsMax = 168 * 3_600_000;
const fastMs = 2000;
const slowestMsMin = 100;

/** 0 to 1: half for success, three tenths for speed, two tenths for quality. */
export function performanceOf(one: Omit<Performance, 'backendId' | 'queryType' | 'atMs'>): number {
  const speed = one.isSuccess ? Math.min(1, fastMs / Math.max(one.durationMs, slowestMsMin)) : 0;
  return (one.isSuccess ? 0.5 : 0) + 0.3 * speed + 0.2 * (one.quality ?? 0.5);
}

/**
 * The weights of `adaptive_learning`: one for each backend and query type, 1 until learned.
 *
 * - Every 15 minutes, w becomes (1 - rate) w + rate * mean performance, kept within 0.1 to 2, for
 *   each key with 10 outcomes or more since its last update; fewer wait for the next.
 * - Outcomes are the last 1000 of all keys, at most a week old: 50 kB.
 */
export class AdaptiveWeights {
  readonly #learningRate: number;
  readonly #everyMs: number;
  /** Ids have no space in them. */
  readonly #keys = new JoinedKeys();
  readonly #weights = new RecentMap<number>(weightsMax);
  /** A ring: once full, the newest takes the place of the oldest at `#next`. */
  #outcomes: Outcome[] = [];
  #next = 0;
  #updatedAtMs: number | undefined;

  constructor({ learningRate = 0.01, everyMs = 900_000 }: AdaptiveWeightsOptions = {}) {
    this.#learningRate = learningRate;
    this.#everyMs = everyMs;
  }

  /** Takes one outcome in. */
  add(one: Performance): void {
    this.#updatedAtMs ??= one.atMs;
    const outcome: Outcome = [
      this.#keys.of(one.backendId, one.queryType),
      performanceOf(one),
      one.atMs,
    ];
    if (!Number.isFinite(outcome[1])) return;
    if (this.#outcomes.length < outcomesMax) this.#outcomes.push(outcome);
    else {
      this.#outcomes[this.#next] = outcome;
      this.#next = (this.#next + 1) % outcomesMax;
    }
  }

  /** Updates the weights where their time has come; true where one of them changed. */
  update(nowMs: number): boolean {
    if (this.#updatedAtMs === undefined) return false;
    const sinceMs = nowMs - this.#updatedAtMs;
    // A clock that went back starts the interval again.
    if (sinceMs < 0) this.#updatedAtMs = nowMs;
    if (sinceMs < this.#everyMs) return false;
    this.#updatedAtMs = nowMs;
    const kept = this.#inOrder().filter(([, , atMs]) => nowMs - atMs <= ageMsMax);
    const means = meansOf(kept);
    for (const [key, mean] of means) {
      const before = this.#weights.get(key) ?? 1;
      const after = before + this.#learningRate * (mean - before);
      this.#weights.set(key, Math.min(weightMax, Math.max(weightMin, after)));
    }
    this.#outcomes = kept.filter(([key]) => !means.has(key));
    this.#next = 0;
    return means.size > 0;
  }

  /** The weights of `backendIds` for this query type: those that were learned. */
  weightsOf(
    backendIds: readonly BackendId[],
    queryType: QueryType,
  ): Readonly<Record<BackendId, number>> {
    const found: [BackendId, number][] = [];
    for (const id of backendIds) {
      const weight = this.#weights.get(this.#keys.of(id, queryType));
      if (weight !== undefined) found.push([id, weight]);
    }
    return Object.fromEntries(found);
  }

  /** Every weight that was learned. */
  list(): readonly LearnedWeight[] {
    return [...this.#weights.entries()].map(([key, weight]) => {
      const [backendId, queryType] = key.split(' ') as [BackendId, QueryType];
      return { backendId, queryType, weight };
    });
  }

  /** Drops what was learned of a backend that is gone. */
  forget(backendId: BackendId): void {
    for (const type of queryTypes) this.#weights.delete(this.#keys.of(backendId, type));
    this.#outcomes = this.#inOrder().filter(([key]) => !key.startsWith(`${backendId} `));
    this.#next = 0;
  }

  /** As plain data. */
  state(): AdaptiveWeightsState {
    return {
      weights: [...this.#weights.entries()],
      outcomes: this.#inOrder(),
      updatedAtMs: this.#updatedAtMs ?? 0,
    };
  }

  /** Takes over a state. */
  restore({ weights, outcomes, updatedAtMs }: AdaptiveWeightsState): void {
    for (const [key, weight] of weights) {
      if (weight >= weightMin && weight <= weightMax) this.#weights.set(key, weight);
    }
    this.#outcomes = outcomes.slice(-outcomesMax);
    this.#next = 0;
    if (updatedAtMs > 0) this.#updatedAtMs = updatedAtMs;
  }

  #inOrder(): Outcome[] {
    return [...this.#outcomes.slice(this.#next), ...this.#outcomes.slice(0, this.#next)];
  }
}

/** The mean performance of each key with outcomes enough. */
function meansOf(outcomes: readonly Outcome[]): ReadonlyMap<string, number> {
  const sums = new Map<string, { count: number; sum: number }>();
  for (const [key, performance] of outcomes) {
    const entry = sums.get(key) ?? { count: 0, sum: 0 };
    sums.set(key, { count: entry.count + 1, sum: entry.sum + performance });
  }
  const enough = [...sums].filter(([, { count }]) => count >= outcomesMin);
  return new Map(enough.map(([key, { count, sum }]) => [key, sum / count]));
}
