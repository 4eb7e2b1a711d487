import { strategies } from '../registry.js';
import { madeTrace } from '../testing/made-trace.js';
import { productionParts as parts } from '@switchyard/testing/simulation';
import { type BackendSpec, fleetOf, readFleet } from './backend-spec.js';
import { calibrate } from './calibrate.js';
import { simulate, type SimulationInput } from './simulation.js';
import { sharedCacheHitRatio, summarise } from './summary.js';
import { sweepSettings } from './sweep.js';

const trace = madeTrace({ requests: 400, meanGapMs: 800, seed: 7 });
const fleet = fleetOf(4);

const played = (changes: Partial<Omit<SimulationInput, 'parts'>> = {}) =>
  summarise(simulate({ trace, fleet, strategy: strategies.round_robin, parts, ...changes }));

describe('simulate', () => {
  it('gives the same to the bit for the same input', () => {
    const strategy = strategies.power_of_two;
    const again = played({ strategy });
    expect(JSON.stringify(played({ strategy }))).toBe(JSON.stringify(again));
    expect(JSON.stringify(played({ strategy, seed: 2 }))).not.toBe(JSON.stringify(again));
  });

  it('ends every request under every strategy', () => {
    const faulty = fleetOf(4, (at) => (at === 0 ? { faultRatio: 0.3, faultMs: 500 } : {}));
    for (const strategy of Object.values(strategies)) {
      const { succeeded, failed, refused } = played({ strategy, fleet: faulty });
      expect([strategy.name, succeeded + failed + refused]).toEqual([strategy.name, 400]);
    }
  });

  it('finds no more in the caches than one cache without an end would', () => {
    const { hitRatio } = played({ strategy: strategies.shortest_ttft });
    expect(hitRatio).toBeGreaterThan(0.5 * sharedCacheHitRatio({ trace }));
    expect(hitRatio).toBeLessThanOrEqual(sharedCacheHitRatio({ trace }));
  });

  it('has a shorter first token by shortest_ttft than in turn', () => {
    const inTurn = played();
    const shortest = played({ strategy: strategies.shortest_ttft });
    expect(shortest.ttft.p95Ms).toBeLessThan(0.7 * inTurn.ttft.p95Ms);
  });

  it('tries elsewhere what failed, and charges every attempt', () => {
    const priced = (at: number): Partial<BackendSpec> => ({
      tariff: { perJobUsdMicros: 10, perSecondUsdMicros: 1 },
      ...(at === 0 ? { faultRatio: 1, faultMs: 1000 } : {}),
    });
    const found = played({ fleet: fleetOf(4, priced) });
    expect(found.succeeded).toBe(400);
    expect(found.attempts).toBeGreaterThan(400);
    expect(found.costUsdMicros).toBeGreaterThan(4000);
  });

  it('ends a request at its deadline, where it waits or runs, and charges what was made', () => {
    // One slot, 100 tokens of 10 ms after the first: 1 s each.
    const spec = { slots: 1, prefillMsPerToken: 0, prefillMsFixed: 0, decodeStepMs: 10 };
    const tariff = { perMtokOutputUsdMicros: 1_000_000 };
    const requests = [1000, 500, 1500, 2000].map((deadlineInMs) => {
      return { atMs: 0, inputTokens: 0, outputTokens: 101, blockIds: [], deadlineInMs };
    });
    const record = simulate({
      trace: { name: 'due', blockTokens: 512, requests },
      fleet: fleetOf(1, () => ({ ...spec, tariff })),
      strategy: strategies.round_robin,
      parts,
    });
    // The first is in time to the instant, the second waits for it too long, and then there is
    // half of the time that each of the others takes.
    const endings = requests.map((_, at) => record.endingOf(at));
    expect(endings).toEqual(['succeeded', 'refused', 'failed', 'failed']);
    expect([...record.costUsdMicros]).toEqual([101, 0, 51, 51]);
    expect(summarise(record).deadlineMisses).toBe(3);
  });

  it('sends hardly anything to a backend that fails, behind its breaker', () => {
    const faulty = { faultRatio: 1, faultMs: 1000 };
    const found = played({ fleet: fleetOf(4, (at) => (at === 0 ? faulty : {})) });
    expect(found.succeeded).toBe(400);
    // Three in a row open it for two minutes or so; then a check and one attempt are its trials.
    expect(found.backends[0]?.requests).toBeLessThan(20);
  });

  it('closes the breaker of a backend that works again', () => {
    const outages = [{ fromMs: 0, untilMs: 30_000 }];
    const found = played({ fleet: fleetOf(4, (at) => (at === 0 ? { outages } : {})) });
    expect(found.succeeded).toBe(400);
    expect(found.backends[0]?.requests).toBeGreaterThan(30);
  });

  it('sends nothing to a backend that is away once the checks say so', () => {
    const outages = [{ fromMs: 5000, untilMs: 1e9 }];
    const found = played({ fleet: fleetOf(4, (at) => (at === 0 ? { outages } : {})) });
    // What was streaming when it went cannot be told again.
    expect(found.succeeded).toBeGreaterThan(390);
    expect(found.backends[0]?.requests).toBeLessThan(30);
  });

  it('refuses what waits too long, where nobody is there', () => {
    const outages = [{ fromMs: 0, untilMs: 1e12 }];
    const found = played({ fleet: fleetOf(1, () => ({ outages })), maxWaitMs: 30_000 });
    expect(found.succeeded).toBe(0);
    expect(found.refused + found.failed).toBe(400);
  });

  it('shares backends fairly between accounts', () => {
    const changes = (at: number) => ({ account: at % 4 === 0 ? 'small' : 'large' });
    const two = madeTrace({ requests: 400, meanGapMs: 800, seed: 7, changes });
    expect(played({ trace: two }).fairness).toBeGreaterThan(0.9);
  });

  it('compresses a trace until the backends are as busy as asked', () => {
    const { times, busyRatio } = calibrate({ trace, fleet, parts }, 0.7);
    expect(busyRatio).toBeCloseTo(0.7, 1);
    expect(times).toBeGreaterThan(0);
  });

  it('sweeps 220 settings, no two alike', () => {
    const settings = sweepSettings().map((weights) => JSON.stringify(weights));
    expect(new Set(settings).size).toBe(220);
  });
});

describe('readFleet', () => {
  it.each([
    ['no list', {}, ['it must be a list of backends, one at least']],
    ['an empty list', [], ['it must be a list of backends, one at least']],
    ['no object', [3], ['backend 1: no object']],
    ['zero slots', [{ slots: 0 }], ['backend 1: slots must be from 1 to 10000']],
    ['half a slot', [{ slots: 1.5 }], ['backend 1: slots must be whole']],
    ['NaN', [{ faultRatio: Number.NaN }], ['backend 1: faultRatio must be from 0 to 1']],
    ['a stranger', [{ speed: 1 }], ['backend 1: speed is no field of a backend']],
    ['a twin', [{ id: 'a' }, { id: 'a' }], ['two backends have the same id']],
    [
      'a price below 0',
      [{ tariff: { perJobUsdMicros: -1 } }],
      ['backend 1: tariff has an amount below 0'],
    ],
  ])('refuses %s', (_what, value, problems) => {
    expect(readFleet(value)).toEqual({ kind: 'refused', problems });
  });

  it('makes as many as are counted', () => {
    const read = readFleet([{ id: 'gpu', count: 2 }, { slots: 3 }]);
    const ids = read.kind === 'fleet' ? read.fleet.map(({ id }) => id) : [];
    expect(ids).toEqual(['gpu-01', 'gpu-02', 'backend-02']);
  });
});
