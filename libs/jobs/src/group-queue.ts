import TinyQueue from 'tinyqueue';
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
};

type Line<Job extends WaitingJob> = TinyQueue<Place<Job>>;

const byDeadline = <Job extends WaitingJob>(a: Place<Job>, b: Place<Job>): number =>
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

  /** The job served next, or undefined; `compareAccounts` says whose turn it is. */
  peek(compareAccounts: (a: string, b: string) => number): Place<Job> | undefined {
    for (;;) {
      const accounts = this.#ranks.get(this.#bestRank);
      if (!accounts) return undefined;
      let best: Place<Job> | undefined;
      for (const [account, line] of accounts) {
        const head = freshHead(line, this.#bestRank);
        if (!head) accounts.delete(account);
        else if (!best || compareAccounts(account, best.job.account) < 0) best = head;
      }
      if (best) return best;
      this.#ranks.delete(this.#bestRank);
      this.#bestRank = Math.min(...this.#ranks.keys());
    }
  }
}

/**
 * The first place of a line that still stands there: withdrawn and promoted ones are passed over.
 */
function freshHead<Job extends WaitingJob>(line: Line<Job>, rank: number): Place<Job> | undefined {
  for (let head = line.peek(); head; head = line.peek()) {
    if (!head.isWithdrawn && head.rank === rank) return head;
    line.pop();
  }
  return undefined;
}
