import { silentLog } from '@switchyard/domain';
import type { HoldAsk } from '@switchyard/ledger';
import type { RouteDecision, Snapshot } from '@switchyard/routing';
import type { RouterContext } from './context.js';
import { Holds } from './holds.js';
import type { RoutedJob } from './routed-job.js';

const over = { kind: 'over', usdMicros: 4_000 };
const budget = { window: 'total', scope: { kind: 'global', id: '' } };
const stand = { budget, limitUsdMicros: 1, spentUsdMicros: 1, heldUsdMicros: 0 };

/** A ledger that has no money for anything. */
const context = {
  log: silentLog,
  now: () => 1_000,
  bus: {
    askMessage: async (_subject: string, { quotes }: HoldAsk) => ({
      kind: 'refused',
      verdicts: quotes.map(() => ({ ...over, stand })),
    }),
  },
} as unknown as RouterContext;

const row = {
  tariff: { perJobUsdMicros: 4_000, perMtokOutputUsdMicros: 0 },
  models: null,
  stats: { isPriceUnknown: false, samples: 0 },
};
const snapshot = {
  backends: ['a', 'b', 'c'].map((id) => ({ id, ...row })),
} as unknown as Snapshot;
const job = {
  id: 'job',
  attemptNo: 1,
  kind: 'chat',
  routing: { model: 'm', kind: 'chat', maxOutputTokens: 1, estimatedInputTokens: 1 },
  stamp: { account: 'a', model: 'm', kind: 'chat', chargeTags: ['night'] },
} as unknown as RoutedJob;
const decision = (backendId: string, ...ranked: string[]) =>
  ({ backendId, ranked }) as unknown as RouteDecision;

describe('money that is refused', () => {
  it('is remembered of every backend, whichever were asked about at a time', async () => {
    const holds = new Holds(context);
    // The third had no room at first; then it alone was left, since the others have no money.
    expect(await holds.ask(job, decision('a', 'a', 'b'), snapshot)).toBe(false);
    expect(await holds.ask(job, decision('c', 'c'), snapshot)).toBe(false);
    const { budgets } = holds.factsFor('job', undefined, 1_000) ?? {};
    expect(Object.keys(budgets?.byBackend ?? {}).toSorted()).toEqual(['a', 'b', 'c']);
    expect(holds.whyNot('job')?.budget).toEqual({
      scope: 'global',
      id: '',
      window: 'total',
      limitUsdMicros: 1,
      spentUsdMicros: 1,
      heldUsdMicros: 0,
      neededUsdMicros: 4_000,
    });
  });

  it.each([600_000, -600_000])('counts as long where the clock jumps by %d ms', async (byMs) => {
    const holds = new Holds(context);
    await holds.ask(job, decision('a', 'a'), snapshot);
    holds.shiftClock(byMs);
    expect(holds.isBlocked('job', byMs + 5_999)).toBe(true);
    expect(holds.isBlocked('job', byMs + 6_000)).toBe(false);
  });
});
