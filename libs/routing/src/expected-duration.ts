import type { BackendRow } from './backend-row.js';

/** From so many samples on, the configured duration no longer counts. */
export const trustedSamples = 10;

/**
 * How long a job is expected to run: the measured mean, mixed with the configured value until 10
 * samples.
 */
export function expectedDurationMs(row: BackendRow): number {
  const samples = row.durationSamples;
  const prior = row.expectedResponseTimeMs;
  if (samples >= trustedSamples) return row.durationMsMean;
  if (!(samples > 0)) return prior;
  return (samples * row.durationMsMean + (trustedSamples - samples) * prior) / trustedSamples;
}
