import { type Tariff, type Usage, usdMicros, type UsdMicros } from '@switchyard/domain';

/**
 * What an attempt cost by its backend's tariff, in whole USD micros; the sum is rounded half to
 * even.
 */
export function actualCostUsdMicros(tariff: Tariff, usage: Usage, durationMs: number): UsdMicros {
  const cached = usage.cachedInputTokens ?? 0;
  const cachedPrice = tariff.perMtokCachedInputUsdMicros ?? tariff.perMtokInputUsdMicros ?? 0;
  // Totals in millionths of a USD micro, divided once.
  const perToken =
    (usage.inputTokens - cached) * (tariff.perMtokInputUsdMicros ?? 0) +
    cached * cachedPrice +
    usage.outputTokens * (tariff.perMtokOutputUsdMicros ?? 0);
  const perTime = durationMs * (tariff.perSecondUsdMicros ?? 0) * 1_000;
  return usdMicros(roundHalfEven((perToken + perTime) / 1e6) + (tariff.perJobUsdMicros ?? 0));
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
