import type { Tariff } from '@switchyard/domain';
import * as fc from 'fast-check';
import { type Consumption, estimateCostUsdMicros, unpricedUsdMicros } from './cost.js';

const nothing: Consumption = { inputTokens: 0, outputTokens: 0, durationMs: 0 };
const perMtok = { perMtokInputUsdMicros: 500_000, perMtokOutputUsdMicros: 1_500_000 };
const most = Number.MAX_SAFE_INTEGER;

describe('the estimated cost', () => {
  it.each<[string, Tariff, Partial<Consumption>, number]>([
    ['is nothing without a tariff', {}, { inputTokens: 1e6, durationMs: 1e6 }, 0],
    ['is the price per job', { perJobUsdMicros: 7000 }, {}, 7000],
    ['adds input and output', perMtok, { inputTokens: 1e6, outputTokens: 1e6 }, 2_000_000],
    ['rounds up once, not for each part', perMtok, { inputTokens: 1, outputTokens: 1 }, 2],
    ['rounds up a thousandth', { perMtokInputUsdMicros: 1 }, { inputTokens: 1 }, 1],
    ['does not round a whole number', { perMtokInputUsdMicros: 1 }, { inputTokens: 1e6 }, 1],
    [
      'counts milliseconds of a price per second',
      { perSecondUsdMicros: 200 },
      { durationMs: 1500 },
      300,
    ],
    ['counts a part of a millisecond as one', { perSecondUsdMicros: 9000 }, { durationMs: 0.1 }, 9],
    [
      'goes on beyond 2^53 before it divides',
      { perMtokInputUsdMicros: 1e9 },
      { inputTokens: 1e9 + 1 },
      1e12 + 1000,
    ],
    [
      'is exact beyond 2^53',
      { perMtokInputUsdMicros: 1e9 + 1 },
      { inputTokens: 1e9 + 1 },
      1e12 + 2001,
    ],
    [
      'stops at the largest whole number',
      { perMtokInputUsdMicros: most },
      { inputTokens: most },
      most,
    ],
    [
      'stops there with a price per job too',
      { perJobUsdMicros: most, perMtokInputUsdMicros: 1 },
      { inputTokens: 1 },
      most,
    ],
    ['prices no negative price', { perJobUsdMicros: -1 }, {}, unpricedUsdMicros],
    ['prices no negative count', perMtok, { inputTokens: -1 }, unpricedUsdMicros],
    ['prices no NaN', { perMtokInputUsdMicros: Number.NaN }, { inputTokens: 1 }, unpricedUsdMicros],
    ['prices nothing endless', perMtok, { inputTokens: Infinity }, unpricedUsdMicros],
    ['prices no fraction of a micro', { perJobUsdMicros: 0.5 }, {}, unpricedUsdMicros],
  ])('%s', (_title, tariff, consumption, expected) => {
    expect(estimateCostUsdMicros(tariff, { ...nothing, ...consumption })).toBe(expected);
  });

  it('is the exact quotient, rounded up', () => {
    const price = fc.nat({ max: 1e12 });
    const count = fc.nat({ max: 1e9 });
    fc.assert(
      fc.property(price, price, count, count, (input, output, inputTokens, outputTokens) => {
        const tariff = { perMtokInputUsdMicros: input, perMtokOutputUsdMicros: output };
        const sum = BigInt(input) * BigInt(inputTokens) + BigInt(output) * BigInt(outputTokens);
        const exact = (sum + 999_999n) / 1_000_000n;
        const expected = exact > BigInt(most) ? most : Number(exact);
        const consumption = { ...nothing, inputTokens, outputTokens };
        expect(estimateCostUsdMicros(tariff, consumption)).toBe(expected);
      }),
    );
  });
});
