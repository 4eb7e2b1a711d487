import type { Bus } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import {
  type AdmitAnswer,
  type AskAdmit,
  decode,
  type DoorHistory,
  encode,
  type SpentTokens,
  subjects,
  type WireCell,
} from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import {
  admission,
  type RateLimits,
  type RateStanding,
  RateWindow,
  type Reserved,
} from '@switchyard/jobs';
import type { FastifyReply } from 'fastify';
import type { Places } from './places.js';

/** What the limits of a door read of a request. */
type Asked = {
  readonly account: string;
  readonly estimatedInputTokens?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
};

/** What the limits of a door are made from. */
type DoorRatesDeps = {
  readonly bus: Pick<Bus, 'ask' | 'emit'>;
  /** Names this gateway among all. */
  readonly doorId: string;
  readonly places: Places;
  /** Milliseconds of a clock that is never put forward or back. */
  readonly steadyNow: () => number;
  readonly limits: Pick<Config, 'rates' | 'accounts'>;
};

/** A request that was let in; told its outcome, it counts what it really took. */
export type LetIn = { readonly ended: (cell: WireCell) => void };

type Kept = { readonly scope: string; readonly limits: RateLimits; readonly window: RateWindow };
type Limits = Pick<Config, 'rates' | 'accounts'>;

const windowMs = 60_000;
/**
 * Where there is no router NATS says so at once; one that is busy is waited for, since every door
 * that then counts alone lets in as much as all together may.
 */
const askTimeoutMs = 5_000;
/** The scope of all accounts together; no account is named so. */
const everybody = '*';

/**
 * The limits of a door: requests and tokens of a minute, for all accounts together and for each
 * that has some, and how many jobs of an account may wait.
 *
 * The active router keeps the windows for all gateways. Each gateway remembers what it let in
 * itself: a router that has just become active is told of it, and while there is none, each counts
 * alone, up to its share among the gateways there were.
 */
export class DoorRates {
  readonly #bus: Pick<Bus, 'ask' | 'emit'>;
  readonly #doorId: string;
  readonly #places: Places;
  readonly #steadyNow: () => number;
  #accounts: Limits['accounts'] = {};
  #all: Kept | undefined;
  #windows = new Map<string, Kept>();
  #asked = 0;
  /** Doors that share the limits, as a router said last. */
  #doors = 1;
  /** False where nothing is limited: then nobody needs to ask. */
  isOn = false;

  constructor({ bus, doorId, places, steadyNow, limits }: DoorRatesDeps) {
    this.#bus = bus;
    this.#doorId = doorId;
    this.#places = places;
    this.#steadyNow = steadyNow;
    this.accept(limits);
  }

  /** From now on these limits hold; what was let in before counts against them. */
  accept({ rates, accounts }: Limits): void {
    const before = this.#windows;
    const keep = (scope: string, limits: RateLimits, had: Kept | undefined) => {
      const { requestsPerMinute, tokensPerMinute } = limits;
      if (requestsPerMinute === undefined && tokensPerMinute === undefined) return undefined;
      const window = had?.window ?? new RateWindow();
      return { scope, limits: { requestsPerMinute, tokensPerMinute }, window };
    };
    this.#accounts = accounts;
    this.#all = keep(everybody, rates, this.#all);
    this.#windows = new Map();
    for (const [account, limits] of Object.entries(accounts)) {
      const kept = keep(account, limits, before.get(account));
      if (kept) this.#windows.set(account, kept);
    }
    const capped = Object.entries(accounts).filter(([, each]) => each.waitingMax !== undefined);
    this.#places.countWaiting(capped.map(([account]) => account));
    this.isOn = this.#all !== undefined || this.#windows.size > 0 || capped.length > 0;
  }

  /**
   * Lets a request in and says in headers what is left. Throws AppError `rate_limited`, or
   * `queue_full` where too many jobs of the account wait.
   */
  async admit(asked: Asked, reply: FastifyReply): Promise<LetIn> {
    const { account, estimatedInputTokens = 0, maxOutputTokens = 0 } = asked;
    const tokens = estimatedInputTokens + maxOutputTokens;
    this.#requireRoom(account);
    const own = this.#windows.get(account);
    const kept = [own, this.#all].filter((each) => each !== undefined);
    this.#asked += 1;
    const id = `${this.#doorId}.${this.#asked}`;
    const told = kept.length > 0 ? await this.#toldStandings(id, kept, tokens) : [];
    const nowMs = this.#steadyNow();
    const waitOf = ({ window, limits }: Kept) =>
      window.freeAtMs(tokens, shareOf(limits, this.#doors), nowMs) - nowMs;
    const waitsMs = told?.map(({ waitMs }) => waitMs) ?? kept.map(waitOf);
    const retryAfterMs = Math.max(0, ...waitsMs);
    const counted = retryAfterMs > 0 ? [] : kept;
    const reserved = counted.map(({ window }) => [window, window.reserve(tokens, nowMs)] as const);
    const [first] = kept;
    const [waitMs = 0] = waitsMs;
    if (first) {
      const standing = told?.[0] ?? first.window.standing(tokens, first.limits, waitMs, nowMs);
      tellLimits(reply, first.limits, standing);
    }
    if (retryAfterMs > 0) {
      const whose = own && waitMs > 0 ? 'of this account' : 'of this door';
      throw new AppError('rate_limited', `the limit ${whose} for a minute is reached`, {
        retryAfterMs,
      });
    }
    this.#places.entered(account);
    return { ended: (cell) => this.#correct(id, reserved, cell) };
  }

  /** How the limits stand as the router says; undefined where none answers. */
  async #toldStandings(
    id: string,
    kept: readonly Kept[],
    tokens: number,
  ): Promise<readonly RateStanding[] | undefined> {
    const limits = kept.map((each) => ({ scope: each.scope, ...each.limits }));
    const ask: AskAdmit = { doorId: this.#doorId, id, tokens, limits };
    try {
      let answer = await this.#ask(ask);
      if (answer.isHistoryWanted) answer = await this.#ask({ ...ask, history: this.#history() });
      if (answer.isHistoryWanted) return undefined;
      this.#doors = answer.doors || 1;
      return answer.standings;
    } catch {
      // Without a router no job runs; what is let in meanwhile waits for one.
    }
    return undefined;
  }

  async #ask(ask: AskAdmit): Promise<AdmitAnswer> {
    const subject = subjects.rpc('router', 'admit');
    return decode<AdmitAnswer>(await this.#bus.ask(subject, encode(ask), askTimeoutMs));
  }

  #history(): DoorHistory[] {
    const nowMs = this.#steadyNow();
    const all = [...this.#windows.values(), this.#all].filter((each) => each !== undefined);
    return all.map(({ scope, window }) => ({
      scope,
      entries: window.entries(nowMs).map(({ atMs, tokens }) => [nowMs - atMs, tokens] as const),
    }));
  }

  #correct(id: string, reserved: readonly (readonly [RateWindow, Reserved])[], cell: WireCell) {
    if (reserved.length === 0) return;
    const usage = cell.outcome?.usage;
    const tokens = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
    for (const [window, each] of reserved) window.correct(each, tokens);
    const spent: SpentTokens = { id, tokens };
    this.#bus.emit(subjects.rpc('router', 'spent'), encode(spent));
  }

  #requireRoom(account: string): void {
    const perAccount = this.#accounts[account]?.waitingMax;
    if (perAccount === undefined) return;
    const counts = { all: 0, ofPool: 0, ofAccount: this.#places.waitingOf(account) };
    const admitted = admission(counts, { capacity: Number.POSITIVE_INFINITY, perAccount }, NaN);
    if (admitted.kind === 'admitted') return;
    const { retryAfterMs } = admitted;
    const message = `${perAccount} jobs of this account wait already, try again later`;
    throw new AppError('queue_full', message, { retryAfterMs });
  }
}

/** What one of so many doors may let in where none knows of the others. */
const shareOf = (
  { requestsPerMinute, tokensPerMinute }: RateLimits,
  doors: number,
): RateLimits => ({
  requestsPerMinute: requestsPerMinute && Math.max(1, Math.floor(requestsPerMinute / doors)),
  tokensPerMinute: tokensPerMinute && Math.max(1, Math.floor(tokensPerMinute / doors)),
});

/** The headers that clients of OpenAI know, and the plain ones for requests. */
function tellLimits(reply: FastifyReply, limits: RateLimits, standing: RateStanding): void {
  const { requestsPerMinute, tokensPerMinute } = limits;
  const tell = (what: string, limit: number, used: number, resetMs: number) => {
    reply.header(`x-ratelimit-limit-${what}`, String(limit));
    reply.header(`x-ratelimit-remaining-${what}`, String(Math.max(0, Math.floor(limit - used))));
    reply.header(`x-ratelimit-reset-${what}`, `${Math.ceil(resetMs / 1_000)}s`);
  };
  if (requestsPerMinute !== undefined) {
    const { requests, requestsResetMs: resetMs } = standing;
    tell('requests', requestsPerMinute, requests, resetMs);
    reply.header('x-ratelimit-limit', String(requestsPerMinute));
    reply.header('x-ratelimit-remaining', String(Math.max(0, requestsPerMinute - requests)));
    reply.header('x-ratelimit-reset', String(Math.ceil(resetMs / 1_000)));
  }
  if (tokensPerMinute !== undefined) {
    const resetMs = Math.min(standing.tokensResetMs, windowMs);
    tell('tokens', tokensPerMinute, standing.tokens, resetMs);
  }
}
