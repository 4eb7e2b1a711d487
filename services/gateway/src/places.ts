import type { Bus } from '@switchyard/bus';
import {
  type AskPlaces,
  decode,
  encode,
  type Place,
  type PlaceList,
  subjects,
} from '@switchyard/contracts';
import { type PriorityClass, priorityClasses } from '@switchyard/domain';

/** Told where a job stands, about once a second while it waits. */
type HearPlace = (place: Place) => void;
type Watcher = { readonly jobId: string; readonly hear: HearPlace; isNew: boolean };

/** Where the job of an answer stood when the answer began, and how long it is likely to wait. */
export const positionHeader = 'x-switchyard-queue-position';
export const waitHeader = 'x-switchyard-queue-eta-ms';

/** The comment that tells a waiting client where its job stands. */
export const queuedComment = ({ position, waitMs }: Place): string =>
  `queued position=${position} eta_ms=${waitMs}`;

const tickMs = 1_000;
/** An answer that takes longer is not worth holding up a request. */
const askTimeoutMs = 500;
const jobsPerAsk = 1_000;

/**
 * Where waiting jobs stand, asked from the router: for one job at a time, or each second for all
 * whose clients watch. A job that is served within a second costs no question.
 */
export class Places {
  readonly #bus: Bus;
  readonly #now: () => number;
  readonly #watchers = new Set<Watcher>();
  readonly #timer: NodeJS.Timeout;
  readonly #ofAccounts = new Map<string, number>();
  #isAsking = false;
  #waiting: PlaceList['waiting'] | undefined;
  #waitingSinceMs = 0;

  constructor(bus: Bus, now: () => number) {
    this.#bus = bus;
    this.#now = now;
    this.#timer = setInterval(() => void this.#tick(), tickMs);
    this.#timer.unref();
  }

  /** Where one job stands; undefined where it does not wait, or nobody knows. */
  async of(jobId: string): Promise<Place | undefined> {
    return (await this.#ask([jobId]))?.places[jobId];
  }

  /**
   * About where a job of this class comes to stand that is submitted now: 0 where nobody waits,
   * undefined where nobody knows. Asked for once a second at most, however many jobs come.
   */
  async ahead(priority: PriorityClass): Promise<number | undefined> {
    const nowMs = this.#now();
    if (nowMs - this.#waitingSinceMs >= tickMs) {
      this.#waitingSinceMs = nowMs;
      await this.#ask([]);
    }
    const waiting = this.#waiting;
    if (!waiting) return undefined;
    const before = priorityClasses.slice(0, priorityClasses.indexOf(priority) + 1);
    const ahead = before.reduce((sum, each) => sum + waiting[each], 0);
    if (ahead === 0) return 0;
    this.#waiting = { ...waiting, [priority]: waiting[priority] + 1 };
    return ahead + 1;
  }

  /** Has the waiting jobs of these accounts and no others counted from now on, once a second. */
  countWaiting(accounts: readonly string[]): void {
    for (const account of this.#ofAccounts.keys()) {
      if (!accounts.includes(account)) this.#ofAccounts.delete(account);
    }
    for (const account of accounts) {
      this.#ofAccounts.set(account, this.#ofAccounts.get(account) ?? 0);
    }
  }

  /** How many jobs of a counted account wait: as last heard, and what came here since. */
  waitingOf(account: string): number {
    return this.#ofAccounts.get(account) ?? 0;
  }

  /** A job of the account was let in: it waits, until the next answer says that it does not. */
  entered(account: string): void {
    const count = this.#ofAccounts.get(account);
    if (count !== undefined) this.#ofAccounts.set(account, count + 1);
  }

  /** Tells where a job stands as long as it waits; returns what ends that. */
  watch(jobId: string, hear: HearPlace): () => void {
    const watcher = { jobId, hear, isNew: true };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #tick(): Promise<void> {
    if (this.#isAsking || this.#watchers.size + this.#ofAccounts.size === 0) return;
    const old = [...this.#watchers].filter(({ isNew }) => !isNew);
    for (const watcher of this.#watchers) watcher.isNew = false;
    if (old.length + this.#ofAccounts.size === 0) return;
    this.#isAsking = true;
    for (let at = 0; at < Math.max(1, old.length); at += jobsPerAsk) {
      const asked = old.slice(at, at + jobsPerAsk);
      const told = await this.#ask(asked.map(({ jobId }) => jobId));
      for (const watcher of asked) {
        const place = told?.places[watcher.jobId];
        if (place && this.#watchers.has(watcher)) watcher.hear(place);
      }
    }
    this.#isAsking = false;
  }

  async #ask(jobIds: readonly string[]): Promise<PlaceList | undefined> {
    const asked: AskPlaces =
      this.#ofAccounts.size > 0 ? { jobIds, accounts: [...this.#ofAccounts.keys()] } : { jobIds };
    try {
      const subject = subjects.rpc('router', 'places');
      const list = decode<PlaceList>(await this.#bus.ask(subject, encode(asked), askTimeoutMs));
      this.#waiting = list.waiting;
      for (const [account, count] of Object.entries(list.ofAccounts ?? {}))
        this.#ofAccounts.set(account, count);
      this.#waitingSinceMs = this.#now();
      return list;
    } catch {
      this.#waiting = undefined;
      return undefined;
    }
  }
}
