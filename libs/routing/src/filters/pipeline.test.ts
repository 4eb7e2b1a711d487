import * as fc from 'fast-check';
import { estimateRowCostUsdMicros } from '../cost.js';
import { askOf } from '../filter.js';
import { snapshotOf } from '../snapshot.js';
import { Standing } from '../standing.js';
import {
  decideAmong,
  excludedOf,
  type JobOptions,
  makeJob,
  makeRow,
  nowMs,
  type RowOptions,
} from '../testing/builders.js';
import { rowAndJob } from '../testing/arbitraries.js';
import { askedBy, filters, firstReason } from './pipeline.js';

type Case = [title: string, row: RowOptions, job: JobOptions, reason: string | undefined];

const seen = (kinds: string[], contextWindowTokens?: number): RowOptions['catalogue'] =>
  ({ models: [{ id: 'm', kinds, contextWindowTokens }] }) as RowOptions['catalogue'];
const cap = (maxCostPerJobUsdMicros: number | null): JobOptions => ({
  preferences: { maxCostPerJobUsdMicros },
});
const noCloud = (more: JobOptions = {}): JobOptions => ({
  ...more,
  preferences: { allowCloudFallback: false, ...more.preferences },
});
const perJob = (perJobUsdMicros: number): RowOptions => ({ tariff: { perJobUsdMicros } });

const cases: Case[] = [
  ['leaves out a disabled backend', { isEnabled: false }, {}, 'disabled'],
  ['keeps an enabled one', { isEnabled: true }, {}, undefined],
  ['leaves out a backend without the model', {}, { model: 'other' }, 'capability'],
  ['leaves out a backend whose model has another kind', {}, { kind: 'embedding' }, 'capability'],
  [
    'keeps a backend that has one kind of two',
    { catalogue: seen(['query', 'chat']) },
    {},
    undefined,
  ],
  ['finds a model by its alias', { modelAliases: { gpt: 'm' } }, { model: 'gpt' }, undefined],
  ['follows no alias to nowhere', { modelAliases: { gpt: 'x' } }, { model: 'gpt' }, 'capability'],
  ['keeps an aliased model by its own name', { modelAliases: { gpt: 'm' } }, {}, undefined],
  ['trusts the configured models over the catalogue', { supportedModels: ['n'] }, {}, 'capability'],
  [
    'needs no catalogue for a configured model',
    { supportedModels: ['m'], catalogue: null },
    {},
    undefined,
  ],
  [
    'takes no model that is not configured',
    { supportedModels: ['n'], catalogue: null },
    {},
    'capability',
  ],
  [
    'lets a configured model serve only its kinds',
    { supportedModels: ['m'] },
    { kind: 'query' },
    'capability',
  ],
  [
    'finds a configured model behind an alias',
    { supportedModels: ['g'], modelAliases: { g: 'm' } },
    { model: 'g', kind: 'query' },
    'capability',
  ],
  ['takes no word of the language for a model', {}, { model: 'constructor' }, 'capability'],
  ['takes no prototype for a model', {}, { model: '__proto__' }, 'capability'],
  ['waits for a catalogue not seen yet', { catalogue: null }, {}, 'catalogue_unknown'],
  ['does not wait for an empty catalogue', { catalogue: { models: [] } }, {}, 'capability'],
  ['leaves out another region', { region: 'us' }, { region: 'eu' }, 'region'],
  ['leaves out an unknown region', {}, { region: 'eu' }, 'region'],
  ['keeps the same region', { region: 'eu' }, { region: 'eu' }, undefined],
  ['asks no region of a job without one', { region: 'us' }, {}, undefined],
  ['leaves out a backend without one of two tags', { tags: ['x'] }, { tags: ['x', 'y'] }, 'tags'],
  ['keeps a backend with more tags', { tags: ['x', 'y', 'z'] }, { tags: ['z', 'x'] }, undefined],
  ['asks no tag of a job without one', { tags: ['x'] }, {}, undefined],
  [
    'leaves out too small a context window',
    { catalogue: seen(['chat'], 199) },
    {},
    'context_window',
  ],
  ['keeps a window that is just enough', { catalogue: seen(['chat'], 200) }, {}, undefined],
  [
    'keeps an unknown window',
    { catalogue: seen(['chat']) },
    { estimatedInputTokens: 1e9 },
    undefined,
  ],
  ['leaves out a backend without an executor', { isAlive: false }, {}, 'dead'],
  ['leaves out a backend that is down', { health: 'down' }, {}, 'unhealthy'],
  ['keeps a degraded backend', { health: 'degraded' }, {}, undefined],
  ['keeps a backend not yet checked', { health: 'unknown' }, {}, undefined],
  ['leaves out an open breaker', { breaker: 'open' }, {}, 'breaker_open'],
  ['keeps a half-open breaker', { breaker: 'halfOpen' }, {}, undefined],
  ['leaves out a cooldown', { cooldownUntilMs: nowMs + 1 }, {}, 'cooldown'],
  ['keeps a cooldown that ends now', { cooldownUntilMs: nowMs }, {}, undefined],
  ['leaves out a cost over the cap', perJob(101), cap(100), 'over_cost'],
  ['keeps a cost that is the cap', perJob(100), cap(100), undefined],
  ['has no cap where none is given', perJob(1e12), cap(null), undefined],
  ['has a cap of nothing', perJob(1), cap(0), 'over_cost'],
  ['keeps a free backend under a cap of nothing', perJob(0), cap(0), undefined],
  ['leaves out a price that is no number', perJob(Number.NaN), cap(100), 'over_cost'],
  ['leaves out full slots', { inFlight: 10 }, {}, 'capacity'],
  ['keeps the last free slot', { inFlight: 9 }, {}, undefined],
  ['takes the slots configured', { maxConcurrentRequests: 3, inFlight: 3 }, {}, 'capacity'],
  [
    'takes the slots reported',
    {
      catalogue: { models: [{ id: 'm', kinds: ['chat'] }], maxConcurrentRequests: 4 },
      inFlight: 4,
    },
    {},
    'capacity',
  ],
  ['leaves out a backend without slots', { slots: 0 }, {}, 'capacity'],
  [
    'leaves out a used window of requests',
    { maxRequestsPerMinute: 5, requestsThisMinute: 5 },
    {},
    'capacity',
  ],
  [
    'keeps the last request of the window',
    { maxRequestsPerMinute: 5, requestsThisMinute: 4 },
    {},
    undefined,
  ],
  [
    'leaves out a window with too few tokens',
    { maxTokensPerMinute: 300, tokensThisMinute: 101 },
    {},
    'capacity',
  ],
  [
    'keeps a window with just enough tokens',
    { maxTokensPerMinute: 300, tokensThisMinute: 100 },
    {},
    undefined,
  ],
  ['admits a job over the window on an empty one', { maxTokensPerMinute: 10 }, {}, undefined],
  [
    'lets a job over the window share it with nobody',
    { maxTokensPerMinute: 10, tokensThisMinute: 1 },
    {},
    'capacity',
  ],
  [
    'leaves out a backend already tried',
    {},
    { excludedBackendIds: ['a'], attemptNo: 2 },
    'already_tried',
  ],
  [
    'keeps a backend that was not tried',
    {},
    { excludedBackendIds: ['aa'], attemptNo: 2 },
    undefined,
  ],
  [
    'leaves out a remote backend where none is allowed',
    { class: 'remote' },
    noCloud(),
    'cloud_not_allowed',
  ],
  [
    'keeps a local backend where no remote one is allowed',
    { class: 'local' },
    noCloud(),
    undefined,
  ],
  [
    'keeps a remote backend preferred on attempt 1',
    { class: 'remote' },
    noCloud({ preferences: { preferredBackend: 'a' } }),
    undefined,
  ],
  [
    'leaves out a remote backend preferred on attempt 2',
    { class: 'remote' },
    noCloud({ attemptNo: 2, preferences: { preferredBackend: 'a' } }),
    'cloud_not_allowed',
  ],
];

describe('the filters', () => {
  it.each(cases)('%s', (_title, row, job, reason) => {
    const decision = decideAmong([makeRow('a', row)], makeJob(job));
    expect(excludedOf(decision)['a']).toBe(reason);
  });

  it('names the first reason of several, in the order of the pipeline', () => {
    const row = makeRow('a', { isEnabled: false, isAlive: false, breaker: 'open', inFlight: 10 });
    expect(excludedOf(decideAmong([row], makeJob()))).toEqual({ a: 'disabled' });
    const enabled = { ...row, isEnabled: true };
    expect(excludedOf(decideAmong([enabled], makeJob()))).toEqual({ a: 'dead' });
    const alive = { ...enabled, isAlive: true };
    expect(excludedOf(decideAmong([alive], makeJob()))).toEqual({ a: 'breaker_open' });
  });

  it('warns of a job over the whole token window', () => {
    const decision = decideAmong([makeRow('a', { maxTokensPerMinute: 10 })], makeJob());
    expect(decision.warnings).toEqual(['over_token_window:a']);
  });

  it('reads a snapshot that came as JSON', () => {
    const snapshot = JSON.parse(JSON.stringify(snapshotOf([makeRow('a')])));
    const decision = decideAmong(snapshot.backends, makeJob({ model: 'toString' }));
    expect(decision).toMatchObject({ kind: 'reject', code: 'not_found' });
  });
});

describe('what is remembered of the filters', () => {
  it('gives the same reason as the list, whatever was asked of the row before', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(rowAndJob, rowAndJob, ({ row, job, facts, settings }, before) => {
        const { model, kind } = job;
        const earlier = askOf({ ...before.job, model, kind }, 0, before);
        const standing = new Standing();
        standing.follow([row], earlier);
        const ask = askOf(job, nowMs, { facts, settings });
        const reason = filters.find((filter) => filter.excludes(row, ask))?.reason ?? null;
        if (reason !== null) met.add(reason);
        const costsUsdMicros = [estimateRowCostUsdMicros(row, job)];
        const sieve = { standing, ask, asked: askedBy(ask), costsUsdMicros };
        expect(firstReason(0, sieve)).toBe(reason);
      }),
      { numRuns: 3000, seed: 2 },
    );
    expect(met).toEqual(new Set(filters.map(({ reason }) => reason)));
  });
});

/** Limits of a row between those that a job meets and those that it does not. */
const limits = fc.record({
  maxTokensPerMinute: fc.option(fc.nat(900)),
  tokensThisMinute: fc.nat(600),
  cooldownUntilMs: fc.constantFrom(0, nowMs, nowMs + 1),
});

describe('a filter', () => {
  it('says what it depends on, and when it is asked', () => {
    fc.assert(
      fc.property(rowAndJob, rowAndJob, limits, (one, other, limited) => {
        const row = { ...one.row, ...limited };
        const { model, kind } = one.job;
        const ask = askOf(one.job, nowMs, one);
        const otherwise = askOf({ ...other.job, model, kind }, 0, other);
        const wrong = filters.filter(({ depends, isAsked, excludes }) => {
          const isOut = excludes(row, ask);
          if (isOut && isAsked?.(ask) === false) return true;
          return !depends?.(row, ask) && isOut !== excludes(row, otherwise);
        });
        expect(wrong.map(({ reason }) => reason)).toEqual([]);
      }),
      { numRuns: 2000, seed: 3 },
    );
  });
});

describe('the deadline', () => {
  const slow = makeRow('slow', { expectedResponseTimeMs: 5000 });
  const queued = makeRow('queued', { expectedResponseTimeMs: 1000, waiting: 30, slots: 10 });
  const quick = makeRow('quick', { expectedResponseTimeMs: 3000, priority: 9 });

  it.each([
    ['drops nobody where there is none', undefined, {}],
    ['drops nobody who is done in time', 5000, {}],
    ['drops who would be late', 4999, { slow: 'too_late' }],
    ['counts the wait', 3999, { slow: 'too_late', queued: 'too_late' }],
    ['drops nobody where it would drop all', 2999, {}],
  ])('%s', (_title, leftMs, expected) => {
    const deadlineAtMs = leftMs === undefined ? undefined : nowMs + leftMs;
    const decision = decideAmong([slow, queued, quick], makeJob({ deadlineAtMs }));
    expect([decision.kind, excludedOf(decision)]).toEqual(['route', expected]);
  });

  it('is not asked of a preferred backend', () => {
    const job = makeJob({ deadlineAtMs: nowMs + 4000, preferences: { preferredBackend: 'slow' } });
    const decision = decideAmong([slow, quick], job);
    expect(decision).toMatchObject({ backendId: 'slow', reason: 'user-preference' });
    expect(excludedOf(decision)).toEqual({});
  });
});
