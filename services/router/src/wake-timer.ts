/** One timer for the earliest instant that anybody asked to be woken at. */
export class WakeTimer {
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Wakes at `atMs` (Infinity: never) where nothing earlier was asked for. */
  wakeAt(atMs: number, nowMs: number): void {
    if (atMs >= this.#atMs) return;
    clearTimeout(this.#timer);
    this.#atMs = atMs;
    const ring = () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#wake();
    };
    this.#timer = setTimeout(ring, Math.max(1, atMs - nowMs));
    this.#timer.unref();
  }
}
