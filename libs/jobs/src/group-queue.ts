import TinyQueue from 'tinyqueue';
import type { FairShare } from './fair-share.js';
import type { WaitingJob } from './waiting-job.js';

/**
 * A place in the waiting room. Mutable: its level rises with age, and it may be withdrawn where it
 * stands.
 */
export type Place<Job extends WaitingJob> = {
  readonly job: Job;
  /** Class rank times 100 minus aged priority: the smallest is served first. */
  rank: number;
  agedSteps: number;
  isWithdrawn: boolean;
  /** True where it stands aside: it keeps its place in the room and is passed over. */
  isAside: boolean;
};

type Line<Job extends WaitingJob> = TinyQueue<Place<Job>>;

/** The order of two jobs of one account and rank. */
export const byDeadline = <Job extends WaitingJob>(a: Place<Job>, b: Place<Job>): number =>
  a.job.deadlineAtMs === b.job.deadlineAtMs
    ? a.job.seq - b.job.seq
    : a.job.deadlineAtMs - b.job.deadlineAtMs;

/**
 * The line of one group: by rank, then by account, and in each account by deadline and submission.
 */
export class GroupQueue<Job extends WaitingJob> {
  readonly #ranks = new Map<number, Map<string, Line<Job>>>();
  #bestRank = Number.POSITIVE_INFINITY;

  push(place: Place<Job>): void {
    let accounts = this.#ranks.get(place.rank);
    if (!accounts) {
      accounts = new Map();
      this.#ranks.set(place.rank, accounts);
    }
    const line = accounts.get(place.job.account);
    if (line) line.push(place);
    else accounts.set(place.job.account, new TinyQueue([place], byDeadline));
    if (place.rank < this.#bestRank) this.#bestRank = place.rank;
  }

  /** True where nobody is in line. Only what `peek` has passed over is known to be gone. */
  get isEmpty(): boolean {
    return this.#ranks.size === 0;
  }

  /** The job served next among the accounts that may run another, or undefined. */
  peek(share: FairShare): Place<Job> | undefined {
    const best = this.#peekRank(this.#bestRank, share);
    if (best || this.isEmpty) return best;
    // All jobs of the best rank have left, or are of accounts that run as many as they may.
    const ranks = [...this.#ranks.keys()].sort((a, b) => a - b);
    for (const rank of ranks) {
      const found = this.#peekRank(rank, share);
      if (found) return found;
    }
    return undefined;
  }

  #peekRank(rank: number, share: FairShare): Place<Job> | undefined {
    const accounts = this.#ranks.get(rank);
    if (!accounts) return undefined;
    let best: Place<Job> | undefined;
    for (const [account, line] of accounts) {
      const head = freshHead(line, rank);
      if (!head) accounts.delete(account);
      else if (share.isFull(account)) continue;
      else if (!best || isBefore(head, best, share)) best = head;
    }
    if (accounts.size === 0) {
      this.#ranks.delete(rank);
      if (rank === this.#bestRank) this.#bestRank = Math.min(...this.#ranks.keys());
    }
    return best;
  }
}

const isBefore = <Job extends WaitingJob>(a: Place<Job>, b: Place<Job>, share: FairShare) =>
  (share.compare(a.job.account, b.job.account) || byDeadline(a, b)) < 0;

/**
 * The first place of a line that still stands there: withdrawn and promoted ones are passed over,
 * and those that stand aside.
 */
function freshHead<Job extends WaitingJob>(line: Line<Job>, rank: number): Place<Job> | undefined {
  for (let head = line.peek(); head; head = line.peek()) {
    if (!head.isWithdrawn && !head.isAside && head.rank === rank) return head;
    line.pop();
  }
  return undefined;
}
