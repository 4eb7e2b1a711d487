/** The most that may begin within a minute; undefined = no limit. */
export type RateLimits = {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
};

/** One request in the window; its tokens are the estimate until they are corrected. */
export type Reserved = { atMs: number; tokens: number; isGone: boolean };

/** How the limits of a minute stand. */
export type RateStanding = {
  /** 0: the request may begin. */
  readonly waitMs: number;
  readonly requests: number;
  readonly tokens: number;
  /** Until one more request may begin, and until these tokens may. */
  readonly requestsResetMs: number;
  readonly tokensResetMs: number;
};

/** How long a request counts. */
const windowMs = 60_000;

/**
 * What began within the last 60 s, a window that slides: tokens are reserved as estimated, and
 * corrected once they are known.
 */
export class RateWindow {
  #entries: Reserved[] = [];
  #first = 0;
  requests = 0;
  tokens = 0;

  /** Counts a request that begins now. */
  reserve(tokens: number, nowMs: number): Reserved {
    const reserved = { atMs: nowMs, tokens, isGone: false };
    this.#entries.push(reserved);
    this.requests += 1;
    this.tokens += tokens;
    return reserved;
  }

  /** Puts the tokens right that a request took; without effect once it has left the window. */
  correct(reserved: Reserved, tokens: number): void {
    if (reserved.isGone) return;
    this.tokens += tokens - reserved.tokens;
    reserved.tokens = tokens;
  }

  /** Brings the requests into order, where some were counted that began before others. */
  sort(): void {
    this.#entries = this.#entries.slice(this.#first).sort((a, b) => a.atMs - b.atMs);
    this.#first = 0;
  }

  /** What is in the window: when each request began, and its tokens as known now. */
  entries(nowMs: number): readonly Readonly<Reserved>[] {
    this.advance(nowMs);
    return this.#entries.slice(this.#first).filter(({ isGone }) => !isGone);
  }

  /** The clock by which requests are counted was put forward or back. */
  shiftClock(byMs: number): void {
    for (const entry of this.#entries) entry.atMs += byMs;
  }

  /** Takes a request back that did not begin. */
  giveBack(reserved: Reserved): void {
    if (reserved.isGone) return;
    reserved.isGone = true;
    this.requests -= 1;
    this.tokens -= reserved.tokens;
  }

  /** Lets go of what began a minute ago; true where that was something. */
  advance(nowMs: number): boolean {
    const before = this.#first;
    for (let entry = this.#entries[this.#first]; entry; entry = this.#entries[this.#first]) {
      if (entry.atMs > nowMs - windowMs) break;
      this.giveBack(entry);
      this.#first += 1;
    }
    if (this.#first > 1_000 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
      return true;
    }
    return this.#first !== before;
  }

  /** How the limits stand for who asked with so many tokens and was told to wait `waitMs`. */
  standing(tokens: number, limits: RateLimits, waitMs: number, nowMs: number): RateStanding {
    const { requestsPerMinute, tokensPerMinute } = limits;
    return {
      waitMs,
      requests: this.requests,
      tokens: this.tokens,
      requestsResetMs: this.freeAtMs(0, { requestsPerMinute }, nowMs) - nowMs,
      tokensResetMs: this.freeAtMs(tokens, { tokensPerMinute }, nowMs) - nowMs,
    };
  }

  /**
   * When one more request of so many tokens may begin: now, or once enough has left the window. One
   * that is larger than the whole window begins on an empty one.
   */
  freeAtMs(tokens: number, limits: RateLimits, nowMs: number): number {
    this.advance(nowMs);
    const { requestsPerMinute = Infinity, tokensPerMinute = Infinity } = limits;
    let [requests, taken, atMs] = [this.requests, this.tokens, nowMs];
    for (let at = this.#first; at < this.#entries.length; at += 1) {
      const hasTokens = taken + tokens <= tokensPerMinute || taken <= 0;
      if (requests < requestsPerMinute && hasTokens) return atMs;
      const entry = this.#entries[at];
      if (!entry || entry.isGone) continue;
      requests -= 1;
      taken -= entry.tokens;
      atMs = entry.atMs + windowMs;
    }
    return atMs;
  }
}
