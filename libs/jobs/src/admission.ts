/** How many jobs may wait. */
export type RoomLimits = {
  /** In all: `queue.capacity`. */
  readonly capacity: number;
  /** Of one account. @default no limit */
  readonly perAccount?: number;
  /** Of one pool: its backends' queues together. @default no limit */
  readonly perPool?: number;
};

/** How many jobs wait now. */
export type RoomCounts = {
  readonly all: number;
  readonly ofAccount: number;
  readonly ofPool: number;
};

/** What the door says to one more job. */
export type Admission =
  | {
      readonly kind: 'admitted';
      /** From 80 % of a limit on: worth a warning. */
      readonly isNearlyFull: boolean;
    }
  | {
      readonly kind: 'refused';
      readonly reason: 'queue_full' | 'account_queue_full' | 'pool_queue_full';
      readonly retryAfterMs: number;
    };

const nearlyFull = 0.8;
/** A client is told to come again in a second at least, a minute at most. */
const retryAfter = { minMs: 1000, maxMs: 60_000 } as const;

/**
 * Whether one more job may wait.
 *
 * - The account's own limit is looked at first: who fills its own line hears of that, and not of
 *   the room.
 * - `turnMs` is the time in which one waiting job is served, from `Pace`; NaN where not known.
 */
export function admission(counts: RoomCounts, limits: RoomLimits, turnMs: number): Admission {
  const { capacity, perAccount = Infinity, perPool = Infinity } = limits;
  const rows = [
    { reason: 'account_queue_full', count: counts.ofAccount, limit: perAccount },
    { reason: 'pool_queue_full', count: counts.ofPool, limit: perPool },
    { reason: 'queue_full', count: counts.all, limit: capacity },
  ] as const;
  const full = rows.find(({ count, limit }) => !(count < limit));
  if (!full) {
    const isNearlyFull = rows.some(({ count, limit }) => count + 1 >= nearlyFull * limit);
    return { kind: 'admitted', isNearlyFull };
  }
  const excess = Math.max(1, full.count - full.limit + 1);
  return { kind: 'refused', reason: full.reason, retryAfterMs: retryAfterMs(excess * turnMs) };
}

function retryAfterMs(waitMs: number): number {
  if (Number.isNaN(waitMs)) return retryAfter.minMs;
  return Math.ceil(Math.min(retryAfter.maxMs, Math.max(retryAfter.minMs, waitMs)));
}
