/** Two clocks that differ by more than this between two looks: one was put forward or back. */
const jumpMsMin = 5_000;

/**
 * A clock that calls `jumped` when it was put forward or back, before anybody is told the new time:
 * what is kept by the old one is moved first, and nothing by the new one is.
 */
export function seeingJumps(wallMs: () => number, jumped: (byMs: number) => void): () => number {
  const jumps = new ClockJumps(wallMs(), performance.now());
  return () => {
    const nowMs = wallMs();
    const byMs = jumps.look(nowMs, performance.now());
    if (byMs !== 0) jumped(byMs);
    return nowMs;
  };
}

/** Sees when the wall clock is put forward or back, or the machine slept. */
export class ClockJumps {
  #wallMs: number;
  #steadyMs: number;

  constructor(wallMs: number, steadyMs: number) {
    this.#wallMs = wallMs;
    this.#steadyMs = steadyMs;
  }

  /** By how much the wall clock has jumped since the last look; 0 where it only went on. */
  look(wallMs: number, steadyMs: number): number {
    const byMs = wallMs - this.#wallMs - (steadyMs - this.#steadyMs);
    this.#wallMs = wallMs;
    this.#steadyMs = steadyMs;
    return Math.abs(byMs) >= jumpMsMin ? byMs : 0;
  }
}
