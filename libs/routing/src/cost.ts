import type { Tariff } from '@switchyard/domain';
import { type BackendRow, type RowTariff, tariffFor } from './backend-row.js';
import { expectedDurationMs } from './expected-duration.js';
import type { RoutingJob } from './job.js';

/** What a price is multiplied by. */
export type Consumption = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly durationMs: number;
};

/** The price of something that cannot be priced: dearer than everything, and over every cap. */
export const unpricedUsdMicros = Number.MAX_SAFE_INTEGER;

const million = 1_000_000;

/**
 * What `consumption` costs under `tariff` in whole USD micros, rounded up.
 *
 * - Totals are multiplied, added, and divided once, in whole numbers; parts of a millisecond count
 *   as one.
 * - A sum over 2^53 goes on in BigInt; a result over it is `unpricedUsdMicros`, and so is one of
 *   amounts that are negative or not whole.
 */
export function estimateCostUsdMicros(tariff: Tariff, consumption: Consumption): number {
  const perJob = tariff.perJobUsdMicros ?? 0;
  const perSecond = tariff.perSecondUsdMicros ?? 0;
  const millionths =
    consumption.inputTokens * (tariff.perMtokInputUsdMicros ?? 0) +
    consumption.outputTokens * (tariff.perMtokOutputUsdMicros ?? 0) +
    (perSecond === 0 ? 0 : Math.ceil(consumption.durationMs) * perSecond * 1000);
  if (!isAmount(millionths) || !isAmount(perJob)) return estimateExactly(tariff, consumption);
  const rest = millionths % million;
  const total = perJob + (millionths - rest) / million + (rest > 0 ? 1 : 0);
  return total <= unpricedUsdMicros ? total : unpricedUsdMicros;
}

/**
 * The most `job` is expected to cost at the backend of `row`: its whole input, and its longest
 * answer.
 */
export function estimateRowCostUsdMicros(row: BackendRow, job: RoutingJob): number {
  const tariff = tariffFor(row, job.model) ?? row.tariff;
  return estimateJobCostUsdMicros(tariff, job, expectedDurationMs(row));
}

/** The same under `tariff`, where the job is expected to run for `durationMs`. */
export const estimateJobCostUsdMicros = (
  tariff: RowTariff,
  { estimatedInputTokens, maxOutputTokens }: RoutingJob,
  durationMs: number,
): number =>
  estimateCostUsdMicros(tariff, {
    inputTokens: estimatedInputTokens,
    outputTokens: maxOutputTokens,
    // Where time costs nothing, a duration that is no number must not make the price one.
    durationMs: tariff.perSecondUsdMicros === 0 ? 0 : durationMs,
  });

/** True where every amount that an estimate reads is 0. */
export const isFree = (tariff: RowTariff): boolean =>
  tariff.perJobUsdMicros === 0 &&
  tariff.perMtokInputUsdMicros === 0 &&
  tariff.perMtokOutputUsdMicros === 0 &&
  tariff.perSecondUsdMicros === 0;

/** True where nobody knows what the job's model costs at the backend of `row`. */
export const isUnpriced = (row: BackendRow, job: RoutingJob): boolean =>
  tariffFor(row, job.model) === null;

const isAmount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function estimateExactly(tariff: Tariff, consumption: Consumption): number {
  const prices = [
    [consumption.inputTokens, tariff.perMtokInputUsdMicros ?? 0],
    [consumption.outputTokens, tariff.perMtokOutputUsdMicros ?? 0],
    [Math.ceil(consumption.durationMs), (tariff.perSecondUsdMicros ?? 0) * 1000],
    [million, tariff.perJobUsdMicros ?? 0],
  ] as const;
  let millionths = 0n;
  for (const [amount, price] of prices) {
    if (!isAmount(amount) || !isAmount(price)) return unpricedUsdMicros;
    millionths += BigInt(amount) * BigInt(price);
  }
  const total = (millionths + 999_999n) / BigInt(million);
  return total <= BigInt(unpricedUsdMicros) ? Number(total) : unpricedUsdMicros;
}
