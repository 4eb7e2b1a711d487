/**
 * A straight line through (x, y) pairs, of which old ones count less and less. Plain data, changed
 * in place.
 */
export type DurationLine = {
  /** Pairs by what is left of their weight, 200 at most. */
  samples: number;
  xMean: number;
  yMean: number;
  xVariance: number;
  covariance: number;
  /** Of y about the line. */
  variance: number;
};

/** The newest pair weighs 1/200 at least. */
const samplesMax = 200;
/** So much x variance is assumed of a slope of 0, once: few pairs make no slope. */
const ridge = 16;
/** With one more in flight a job takes 1.65 times as long at most: beyond is chance. */
const slopeMax = 0.5;
/** What y varies by until pairs have shown it. */
const variancePrior = 0.25;
const variancePriorSamples = 2;

/** A line through nothing. */
export const makeLine = (): DurationLine => ({
  samples: 0,
  xMean: 0,
  yMean: 0,
  xVariance: 0,
  covariance: 0,
  variance: 0,
});

/** How much larger y gets with one more x: 0 or more. */
export function slopeOf({ samples, xVariance, covariance }: DurationLine): number {
  const slope = (samples * covariance) / (samples * xVariance + ridge);
  return slope > 0 ? Math.min(slopeMax, slope) : 0;
}

/** What y varies by about the line; a guess for few pairs. */
export const varianceOf = ({ samples, variance }: DurationLine): number =>
  (variancePriorSamples * variancePrior + samples * variance) / (variancePriorSamples + samples);

/** Takes the pair in, and gives how far y was from the line before. */
export function fit(line: DurationLine, x: number, y: number): number {
  if (line.samples === 0) {
    line.samples = 1;
    line.xMean = x;
    line.yMean = y;
    return 0;
  }
  const share = Math.max(1 / samplesMax, 1 / (line.samples + 1));
  const residual = y - line.yMean - slopeOf(line) * (x - line.xMean);
  const dx = x - line.xMean;
  const dy = y - line.yMean;
  line.xMean += share * dx;
  line.yMean += share * dy;
  line.xVariance = (1 - share) * (line.xVariance + share * dx * dx);
  line.covariance = (1 - share) * (line.covariance + share * dx * dy);
  line.variance = (1 - share) * (line.variance + share * residual * residual);
  line.samples = Math.min(samplesMax, line.samples + 1);
  return residual;
}
