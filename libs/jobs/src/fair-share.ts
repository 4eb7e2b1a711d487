/** What the operator gives an account. */
export type AccountShare = {
  /** Its part of the slots and turns beside that of others; more than 0. @default 1 */
  readonly weight?: number;
  /** The most of its jobs that run at once. @default no limit */
  readonly runningMax?: number;
};

/** Looks up what an account was given; undefined = the defaults. */
export type ShareOf = (account: string) => AccountShare | undefined;

/** Where an account stands among the others, at one instant. */
export type AccountTurn = {
  readonly weight: number;
  readonly running: number;
  /** Grows by 1/weight with each turn. */
  readonly pass: number;
};

type Entry = { running: number; waiting: number; pass: number };

/** Accounts remembered that have no job at all; beyond it they are forgotten. */
const idleMax = 1000;
/** A weight that is no number above 0 is taken for this one. */
const defaultWeight = 1;

/**
 * Whose turn it is: the account with fewer jobs running for its weight; among equals, the one that
 * had fewer turns for its weight (stride scheduling).
 *
 * - The first keeps an account with long jobs from holding all slots, the second shares a single
 *   slot as the weights say.
 * - Who had nothing to do gains no turns by that: it joins where the others are.
 * - About 100 bytes for each account with a job, and for at most 1000 without.
 */
export class FairShare {
  readonly #shareOf: ShareOf;
  readonly #accounts = new Map<string, Entry>();
  #passNow = 0;
  #idle = 0;

  constructor(shareOf: ShareOf = () => undefined) {
    this.#shareOf = shareOf;
  }

  /** Accounts known. */
  get size(): number {
    return this.#accounts.size;
  }

  /** How many of its jobs wait. */
  waiting(account: string): number {
    return this.#accounts.get(account)?.waiting ?? 0;
  }

  /** A job of the account came into the room. */
  entered(account: string): void {
    this.#use(account).waiting += 1;
  }

  /** A waiting job of the account left the room. */
  left(account: string): void {
    const entry = this.#accounts.get(account);
    if (!entry || entry.waiting === 0) return;
    entry.waiting -= 1;
    this.#forgetIdle(entry);
  }

  /** A job of the account began to run. */
  served(account: string): void {
    const entry = this.#use(account);
    entry.running += 1;
    this.#passNow = Math.max(this.#passNow, entry.pass);
    entry.pass += 1 / this.#weightOf(account);
  }

  /** A job of the account ended. */
  ended(account: string): void {
    const entry = this.#accounts.get(account);
    if (!entry || entry.running === 0) return;
    entry.running -= 1;
    this.#forgetIdle(entry);
  }

  /** True where the account runs as many jobs as it may. */
  isFull(account: string): boolean {
    const runningMax = this.#shareOf(account)?.runningMax;
    if (runningMax === undefined) return false;
    return (this.#accounts.get(account)?.running ?? 0) >= runningMax;
  }

  /** Below 0 where `a` goes first, above 0 where `b` does, 0 where neither has a claim. */
  compare(a: string, b: string): number {
    return a === b ? 0 : compareTurns(this.turnOf(a), this.turnOf(b));
  }

  /** Where the account stands. */
  turnOf(account: string): AccountTurn {
    const entry = this.#accounts.get(account);
    const { running, pass } = entry ?? { running: 0, pass: this.#passNow };
    return { weight: this.#weightOf(account), running, pass };
  }

  #weightOf(account: string): number {
    const weight = this.#shareOf(account)?.weight ?? defaultWeight;
    return weight > 0 && Number.isFinite(weight) ? weight : defaultWeight;
  }

  #use(account: string): Entry {
    const entry = this.#accounts.get(account) ?? { running: 0, waiting: 0, pass: 0 };
    if (!this.#accounts.has(account)) this.#accounts.set(account, entry);
    else if (isIdle(entry)) this.#idle -= 1;
    if (isIdle(entry)) entry.pass = Math.max(entry.pass, this.#passNow);
    return entry;
  }

  /** What an idle account has had stays known for a while: by leaving nobody starts afresh. */
  #forgetIdle(entry: Entry): void {
    if (!isIdle(entry)) return;
    this.#idle += 1;
    if (this.#idle <= idleMax) return;
    for (const [account, each] of this.#accounts) if (isIdle(each)) this.#accounts.delete(account);
    this.#idle = 0;
  }
}

const isIdle = ({ running, waiting }: Entry): boolean => running === 0 && waiting === 0;

/** The order of two accounts, `ahead` turns from now. */
export function compareTurns(
  a: AccountTurn,
  b: AccountTurn,
  ahead: { readonly a: number; readonly b: number } = { a: 0, b: 0 },
): number {
  const running = (a.running + ahead.a) / a.weight - (b.running + ahead.b) / b.weight;
  return running || a.pass + ahead.a / a.weight - (b.pass + ahead.b / b.weight);
}
