/** After a rate limit without a Retry-After a backend is left alone for this long. */
const cooldownMs = 30_000;

/** What another process shows, by its own clock, and the same by ours. */
type Shown = { readonly toldMs: number; readonly untilMs: number };

/** Until when each backend is left alone, by the wall clock of this machine. */
export class Cooldowns {
  readonly #own = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  readonly #shown = new Map<string, Shown>();

  /** The backend asks for a pause: that counts, whatever was before. */
  begin(id: string, nowMs: number, retryAfterMs: number | undefined): void {
    this.#own.set(id, nowMs + (retryAfterMs || cooldownMs));
  }

  /** It asked its executor, whose clock is another, for a pause until then; the longest counts. */
  extend(id: string, untilMs: number): void {
    this.#asked.set(id, Math.max(this.#asked.get(id) ?? 0, untilMs));
  }

  /** The monitor shows an instant, most often the same as before; 0: none. */
  show(id: string, toldMs: number): void {
    if (this.#shown.get(id)?.toldMs === toldMs) return;
    if (toldMs > 0) this.#shown.set(id, { toldMs, untilMs: toldMs });
    else this.#shown.delete(id);
  }

  /** 0 where it was never left alone. */
  untilMs(id: string): number {
    const shownMs = this.#shown.get(id)?.untilMs ?? 0;
    return Math.max(this.#own.get(id) ?? 0, this.#asked.get(id) ?? 0, shownMs);
  }

  /**
   * The wall clock was put forward or back: what is left of a pause stays. What another clock said
   * never takes longer than it said: put forward, ours may now be the same.
   */
  shiftClock(byMs: number): void {
    for (const [id, untilMs] of this.#own) this.#own.set(id, untilMs + byMs);
    const backMs = Math.min(0, byMs);
    for (const [id, untilMs] of this.#asked) this.#asked.set(id, untilMs + backMs);
    for (const [id, { toldMs, untilMs }] of this.#shown) {
      this.#shown.set(id, { toldMs, untilMs: untilMs + backMs });
    }
  }
}
