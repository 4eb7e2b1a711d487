import { type AccountTurn, compareTurns } from './fair-share.js';
import type { WaitingJob } from './waiting-job.js';

/** A job in line and how early its class and aged priority put it: the smallest first. */
export type Standee = { readonly job: WaitingJob; readonly rank: number };

/** Jobs of one account and one rank: their deadlines, and without one their submission, sorted. */
type AccountLine = { readonly deadlines: Float64Array; readonly seqs: Float64Array };

type RankLines = {
  readonly rank: number;
  readonly accounts: ReadonlyMap<string, AccountLine>;
  /** Jobs in better ranks, in all and by account. */
  readonly before: number;
  readonly beforeOf: ReadonlyMap<string, number>;
};

/**
 * One line at one instant, to tell many jobs their positions: built once in the time of a sort,
 * then a few binary searches for each job. It holds 8 bytes for each job in line.
 *
 * The position assumes that nobody joins, ages or ends meanwhile. Where two accounts have the same
 * claim to a turn, the other one's job counts as ahead; so a position may be one too many for each
 * such account, never too few.
 */
export class Standing {
  readonly #ranks: readonly RankLines[];

  constructor(
    standees: Iterable<Standee>,
    private readonly turnOf: (account: string) => AccountTurn,
  ) {
    this.#ranks = withSums(sortedLines(standees));
  }

  /** 1 = served next of this line. A job that is not in it is placed where it would stand. */
  positionOf({ job, rank }: Standee): number {
    const better = this.#ranks.findLast((each) => each.rank < rank);
    const same = this.#ranks.find((each) => each.rank === rank);
    const before = better ? better.before + countOf(better.accounts) : 0;
    if (!same) return 1 + before;
    const turn = this.#turnAt(job.account, same);
    const own = same.accounts.get(job.account);
    const ownAhead = own ? jobsBefore(own, job) : 0;
    let ahead = before + ownAhead;
    for (const [account, line] of same.accounts) {
      if (account === job.account) continue;
      ahead += turnsBefore(this.#turnAt(account, same), lengthOf(line), { turn, ownAhead });
    }
    return 1 + ahead;
  }

  /** The account's turn once its jobs in better ranks run. */
  #turnAt(account: string, { beforeOf }: RankLines): AccountTurn {
    const { weight, running, pass } = this.turnOf(account);
    const served = beforeOf.get(account) ?? 0;
    return { weight, running: running + served, pass: pass + served / weight };
  }
}

/** How many of an account's `length` next turns come no later than the turn of one's own job. */
function turnsBefore(
  other: AccountTurn,
  length: number,
  { turn, ownAhead }: { readonly turn: AccountTurn; readonly ownAhead: number },
): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareTurns(other, turn, { a: middle, b: ownAhead }) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const lengthOf = ({ deadlines, seqs }: AccountLine): number => deadlines.length + seqs.length;

function countOf(accounts: ReadonlyMap<string, AccountLine>): number {
  let count = 0;
  for (const line of accounts.values()) count += lengthOf(line);
  return count;
}

function jobsBefore({ deadlines, seqs }: AccountLine, { deadlineAtMs, seq }: WaitingJob): number {
  if (Number.isFinite(deadlineAtMs)) return smaller(deadlines, deadlineAtMs);
  return deadlines.length + smaller(seqs, seq);
}

/** How many of the sorted numbers are smaller than `value`. */
function smaller(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Unsorted = { readonly deadlines: number[]; readonly seqs: number[] };

function sortedLines(standees: Iterable<Standee>) {
  const ranks = new Map<number, Map<string, Unsorted>>();
  for (const { job, rank } of standees) {
    const accounts = ranks.get(rank) ?? new Map<string, Unsorted>();
    if (accounts.size === 0) ranks.set(rank, accounts);
    const line = accounts.get(job.account) ?? { deadlines: [], seqs: [] };
    if (lengthOfUnsorted(line) === 0) accounts.set(job.account, line);
    if (Number.isFinite(job.deadlineAtMs)) line.deadlines.push(job.deadlineAtMs);
    else line.seqs.push(job.seq);
  }
  return [...ranks]
    .sort(([a], [b]) => a - b)
    .map(([rank, accounts]) => ({ rank, accounts: sortedAccounts(accounts) }));
}

const lengthOfUnsorted = ({ deadlines, seqs }: Unsorted): number => deadlines.length + seqs.length;

const sortedAccounts = (accounts: ReadonlyMap<string, Unsorted>): Map<string, AccountLine> =>
  new Map(
    [...accounts].map(([account, { deadlines, seqs }]) => [
      account,
      { deadlines: Float64Array.from(deadlines).sort(), seqs: Float64Array.from(seqs).sort() },
    ]),
  );

function withSums(
  ranks: readonly { readonly rank: number; readonly accounts: Map<string, AccountLine> }[],
): RankLines[] {
  let before = 0;
  const sums = new Map<string, number>();
  return ranks.map(({ rank, accounts }) => {
    const lines = { rank, accounts, before, beforeOf: new Map(sums) };
    before += countOf(accounts);
    for (const [account, line] of accounts) {
      sums.set(account, (sums.get(account) ?? 0) + lengthOf(line));
    }
    return lines;
  });
}
