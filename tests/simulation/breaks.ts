import type { Owner, SimClock } from './clock.js';

/** A process notices after this long at the latest that its connection is gone. */
const noticedAfterMs = 1_500;

/** The breaks of one process's connection; it notices each, and each return, in its own time. */
export class Breaks {
  readonly #clock: SimClock;
  readonly #owner: Owner;
  readonly #notice: (isConnected: boolean) => void;
  /** Until then everything from and to the process is lost. */
  #untilMs = 0;
  #unnoticed: { isOver: boolean }[] = [];

  constructor(clock: SimClock, owner: Owner, notice: (isConnected: boolean) => void) {
    this.#clock = clock;
    this.#owner = owner;
    this.#notice = notice;
  }

  get isCut(): boolean {
    return this.#untilMs > this.#clock.nowMs;
  }

  cut(forMs: number): void {
    const after = (ms: number, act: () => void) => this.#clock.after(ms, act, this.#owner);
    this.#untilMs = Math.max(this.#untilMs, this.#clock.nowMs + forMs);
    this.#unnoticed.push(after(Math.min(forMs, noticedAfterMs), () => this.#notice(false)));
    after(forMs + 1, () => this.isCut || this.#notice(true));
  }

  /** Whole again. Whoever was paused notices only now that its connection is another. */
  heal(): void {
    const late = this.#unnoticed.filter(({ isOver }) => !isOver);
    this.#unnoticed = [];
    for (const timer of late) timer.isOver = true;
    this.#untilMs = 0;
    const notice = () => {
      if (late.length > 0) this.#notice(false);
      this.#notice(true);
    };
    this.#clock.after(1, notice, this.#owner);
  }
}
