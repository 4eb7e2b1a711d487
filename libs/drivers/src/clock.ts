/** The two readings of time that drivers need. */
export type DriverClock = {
  /** Unix milliseconds, for dates in headers. */
  nowMs(): number;
  /** Milliseconds of a clock that never jumps, for durations. */
  monoMs(): number;
};

/** The system's clock. */
export const systemClock: DriverClock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  monoMs: () => performance.now(),
};
