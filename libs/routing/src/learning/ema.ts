/** A moving average and the number of values in it. Plain data. */
export type Average = { readonly mean: number; readonly samples: number };

/** An average of nothing. */
export const noAverage: Average = Object.freeze({ mean: 0, samples: 0 });

/**
 * The exponential moving average after `value`: `alpha` (0 < alpha <= 1) for the newest.
 *
 * - The first value is the average; until 1/alpha values it is their plain mean, so that one odd
 *   start does not stay.
 * - A value that is not finite changes nothing.
 */
export function averaged(before: Average, value: number, alpha: number): Average {
  if (!Number.isFinite(value)) return before;
  const samples = before.samples + 1;
  const share = Math.max(alpha, 1 / samples);
  return { mean: before.mean + share * (value - before.mean), samples };
}

/** The classic moving average: the first value, then `alpha` for the newest, from the start. */
export function moved(before: Average, value: number, alpha: number): Average {
  if (!Number.isFinite(value)) return before;
  const share = before.samples === 0 ? 1 : alpha;
  return { mean: before.mean + share * (value - before.mean), samples: before.samples + 1 };
}
