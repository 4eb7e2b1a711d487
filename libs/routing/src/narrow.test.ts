import type { BackendRow } from './backend-row.js';
import {
  asRoute,
  decideAmong,
  excludedOf,
  type JobOptions,
  makeJob,
  makeRow,
  nowMs,
} from './testing/builders.js';

const tried = (ids: string[], transient: string[] = ids): JobOptions => ({
  attemptNo: ids.length + 1,
  excludedBackendIds: ids,
  triedTransient: transient,
});

describe('backends already tried', () => {
  const a = makeRow('a', { priority: 2 });
  const b = makeRow('b', { priority: 1 });

  type Case = [string, BackendRow[], JobOptions, string, string];
  const cases: Case[] = [
    ['are left out while another is there', [a, b], tried(['b']), 'a', 'picked'],
    ['are taken again where nobody else is left', [a, b], tried(['b', 'a']), 'b', 'reused'],
    [
      'are taken again only after a transient error',
      [a, b],
      tried(['b', 'a'], ['a']),
      'a',
      'reused',
    ],
    [
      'are taken again while another is full, once they work again',
      [a, makeRow('b', { inFlight: 10 })],
      tried(['a']),
      'a',
      'reused',
    ],
    [
      'are taken again while another is full, once they would be known not to work',
      [a, makeRow('b', { inFlight: 10 })],
      { ...tried(['a']), lastFailureAtMs: nowMs - 3_000 },
      'a',
      'reused',
    ],
    [
      'are taken again at once while nobody else is there, known to work or not',
      [a],
      { ...tried(['a']), lastFailureAtMs: nowMs },
      'a',
      'reused',
    ],
    [
      'are taken again while another is down, whether they work again or not',
      [makeRow('a', { health: 'degraded' }), makeRow('b', { health: 'down', inFlight: 10 })],
      tried(['a']),
      'a',
      'reused',
    ],
  ];
  it.each(cases)('%s', (_title, rows, job, backendId, reason) => {
    expect(decideAmong(rows, makeJob(job))).toMatchObject({ backendId, reason });
  });

  const waits: [string, BackendRow[], JobOptions][] = [
    ['are not taken again after a lasting error', [a], tried(['a'], [])],
    ['are not taken again while they are full', [makeRow('a', { inFlight: 10 })], tried(['a'])],
    [
      'are not taken again while another is only full and they are not known to work',
      [makeRow('a', { health: 'degraded' }), makeRow('b', { inFlight: 10 })],
      tried(['a']),
    ],
    [
      'are not taken again while another is only full and what is known may be of before',
      [a, makeRow('b', { inFlight: 10 })],
      { ...tried(['a']), lastFailureAtMs: nowMs - 2_900 },
    ],
    ['are not taken again in cooldown', [makeRow('a', { breaker: 'open' })], tried(['a'])],
  ];
  it.each(waits)('%s', (_title, rows, job) => {
    expect(decideAmong(rows, makeJob(job)).kind).toBe('wait');
  });

  it('are not taken again where the caller allows no remote one', () => {
    const job = makeJob({ ...tried(['a']), preferences: { allowCloudFallback: false } });
    expect(decideAmong([makeRow('a', { class: 'remote' })], job).kind).toBe('reject');
  });
});

describe('a preferred backend', () => {
  const best = makeRow('best');
  const paid = { class: 'remote', tariff: { perJobUsdMicros: 50 }, priority: 9 } as const;
  const prefer = (more: JobOptions = {}): JobOptions => ({
    ...more,
    preferences: { preferredBackend: 'wanted', ...more.preferences },
  });

  it.each<[string, Partial<BackendRow>, JobOptions]>([
    ['is chosen over a better one', {}, prefer()],
    [
      'is chosen on attempt 1 though no remote one is allowed',
      {},
      prefer({ preferences: { allowCloudFallback: false } }),
    ],
    ['is chosen on attempt 2 if it was not tried', {}, prefer(tried(['other']))],
  ])('%s', (_title, row, job) => {
    const decision = asRoute(
      decideAmong([best, { ...makeRow('wanted', paid), ...row }], makeJob(job)),
    );
    expect(decision).toMatchObject({ backendId: 'wanted', reason: 'user-preference' });
    expect(decision.ranked[0]).toBe('wanted');
  });

  it.each<[string, Partial<BackendRow>, JobOptions]>([
    ['disabled', { isEnabled: false }, prefer()],
    ['down', { health: 'down' }, prefer()],
    ['behind an open breaker', { breaker: 'open' }, prefer()],
    ['over the cost cap', {}, prefer({ preferences: { maxCostPerJobUsdMicros: 10 } })],
    ['full', { inFlight: 10 }, prefer()],
    ['without the model', { models: {} }, prefer()],
    ['already tried', {}, prefer(tried(['wanted']))],
    [
      'remote on attempt 2 where none is allowed',
      {},
      prefer({ ...tried(['other']), preferences: { allowCloudFallback: false } }),
    ],
  ])('is not chosen when it is %s', (_title, row, job) => {
    const decision = decideAmong([best, { ...makeRow('wanted', paid), ...row }], makeJob(job));
    expect(decision).toMatchObject({ backendId: 'best', reason: 'preferred-unavailable' });
  });

  it('comes first in a ranking of 16 at most', () => {
    const rows = Array.from({ length: 20 }, (_, at) => makeRow(`b${at}`));
    const job = makeJob(prefer());
    const decision = asRoute(decideAmong([...rows, makeRow('wanted', paid)], job));
    expect([decision.ranked[0], decision.ranked.length]).toEqual(['wanted', 16]);
  });

  it('is not waited for when it is not registered', () => {
    const decision = decideAmong([best], makeJob(prefer()));
    expect(decision).toMatchObject({ backendId: 'best', reason: 'preferred-unavailable' });
  });

  it('is waited for when it is full and the only one allowed', () => {
    const row = makeRow('wanted', { class: 'remote', inFlight: 10 });
    const job = makeJob(prefer({ preferences: { allowCloudFallback: false } }));
    expect(decideAmong([row], job)).toMatchObject({ kind: 'wait', reason: 'capacity' });
  });
});

describe('a last resort', () => {
  const last = makeRow('last', { lastResort: true, class: 'remote', priority: 1 });
  const left = { last: 'last_resort' };

  it.each<[string, BackendRow, JobOptions]>([
    ['has another model', makeRow('a', { catalogue: { models: [] } }), {}],
    ['is disabled', makeRow('a', { isEnabled: false }), {}],
    ['is in another region', makeRow('a', { region: 'us' }), { region: 'eu' }],
  ])('is taken where every other backend %s', (_title, other, job) => {
    const row = { ...last, region: 'eu' };
    expect(decideAmong([other, row], makeJob(job))).toMatchObject({ backendId: 'last' });
  });

  it('is taken where it is alone', () => {
    expect(decideAmong([last], makeJob())).toMatchObject({ backendId: 'last' });
  });

  it.each<[string, BackendRow, JobOptions, string]>([
    ['is free', makeRow('a'), {}, 'route'],
    ['is worse', makeRow('a', { priority: 9, waiting: 9 }), {}, 'route'],
    ['is full', makeRow('a', { inFlight: 10 }), {}, 'wait'],
    ['is dead', makeRow('a', { isAlive: false }), {}, 'wait'],
    ['was not asked for its models yet', makeRow('a', { catalogue: null }), {}, 'wait'],
    ['was tried', makeRow('a'), tried(['a']), 'route'],
    [
      'is over the cost cap',
      makeRow('a', { tariff: { perJobUsdMicros: 9 } }),
      { preferences: { maxCostPerJobUsdMicros: 5 } },
      'reject',
    ],
    [
      'is not the one preferred',
      makeRow('a'),
      { preferences: { preferredBackend: 'last' } },
      'route',
    ],
  ])('is left out where another backend %s', (_title, other, job, kind) => {
    const decision = decideAmong([other, last], makeJob(job));
    expect([decision.kind, excludedOf(decision)]).toMatchObject([kind, left]);
  });

  it('does not keep a job waiting that it will never take', () => {
    const other = makeRow('a', { tariff: { perJobUsdMicros: 9 } });
    const job = makeJob({ preferences: { maxCostPerJobUsdMicros: 5 } });
    const decision = decideAmong([other, { ...last, inFlight: 10 }], job);
    expect(decision).toMatchObject({ kind: 'reject', code: 'budget_exceeded' });
  });

  it('is taken again after a transient error where there is no other', () => {
    const decision = decideAmong([last], makeJob(tried(['last'])));
    expect(decision).toMatchObject({ backendId: 'last', reason: 'reused' });
  });
});
