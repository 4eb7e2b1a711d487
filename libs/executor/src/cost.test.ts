import type { Backend, Usage } from '@switchyard/domain';
import { costOfAttempt, tariffsAt, wireCost } from './cost.js';

const backend = {
  id: 'cloud',
  supportedModels: ['m', 'n'],
  modelAliases: { smart: 'n' },
  tariff: { isUnknown: true },
  tariffs: [
    {
      models: ['m'],
      validUntilMs: 1_000,
      source: 'test',
      origin: 'operator',
      tariff: { perMtokOutputUsdMicros: 2_000_000, perSecondUsdMicros: 100 },
    },
    { models: ['n'], source: 'test', origin: 'operator', tariff: { perJobUsdMicros: 7 } },
  ],
} as unknown as Backend;
const usage: Usage = { inputTokens: 9, outputTokens: 100, basis: 'reported' };
const spent = { backend, model: 'm', atMs: 0, durationMs: 2_000, usage };

describe('what an attempt cost', () => {
  it('goes by the tariff of its model at the instant it began', () => {
    expect(costOfAttempt(spent)).toEqual({ usdMicros: 400, basis: 'tokens' });
    expect(costOfAttempt({ ...spent, model: 'smart' })?.usdMicros).toBe(7);
    const unknown = { usdMicros: 0, basis: 'unknown' };
    expect(costOfAttempt({ ...spent, atMs: 1_000 })).toEqual(unknown);
    expect(costOfAttempt({ ...spent, model: 'constructor' })).toEqual(unknown);
  });

  it('is time alone where it failed without an answer, and nothing where it never began', () => {
    const failed = { ...spent, usage: undefined };
    expect(costOfAttempt({ ...failed, failureCode: 'upstream_timeout' })).toEqual({
      usdMicros: 200,
      basis: 'time',
    });
    expect(costOfAttempt({ ...failed, failureCode: 'upstream_unreachable' })).toBeUndefined();
    const atN = { ...failed, model: 'n' };
    expect(costOfAttempt({ ...atN, failureCode: 'upstream_timeout' })).toBeUndefined();
  });

  it('is unknown where an answer priced by its tokens was cut off', () => {
    const tariff = { perMtokOutputUsdMicros: 1_000_000 };
    const cut = { ...spent, backend: { ...backend, tariff, tariffs: [] }, usage: undefined };
    const unknown = { usdMicros: 0, basis: 'unknown' };
    expect(costOfAttempt({ ...cut, failureCode: 'upstream_timeout' })).toEqual(unknown);
    expect(costOfAttempt({ ...cut, failureCode: 'upstream_error' })).toBeUndefined();
  });

  it('travels with both figures, and not at all where it is free', () => {
    expect(wireCost({ usdMicros: 5, basis: 'reported', tariffUsdMicros: 6 })).toEqual({
      usdMicros: '5',
      basis: 'reported',
      tariffUsdMicros: '6',
    });
    expect(wireCost(undefined)).toBeUndefined();
  });

  it('is told to those who choose: the prices of the moment, by every name', () => {
    const { tariff, modelTariffs } = tariffsAt(backend, undefined, 2_000);
    expect(tariff).toEqual({ isUnknown: true });
    expect(modelTariffs).toEqual({
      m: { isUnknown: true },
      n: { perJobUsdMicros: 7 },
      smart: { perJobUsdMicros: 7 },
    });
    expect(tariffsAt({ ...backend, tariff: {}, tariffs: [] }, undefined, 0)).toEqual({
      tariff: {},
    });
  });
});
