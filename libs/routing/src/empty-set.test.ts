import type { BackendRow } from './backend-row.js';
import type { Decision } from './decision.js';
import { decideAmong, type JobOptions, makeJob, makeRow, nowMs } from './testing/builders.js';

type Case = [title: string, rows: BackendRow[], job: JobOptions, expected: Partial<Decision>];

const wait = (reason: string, untilMs?: number) =>
  ({ kind: 'wait', reason, ...(untilMs === undefined ? {} : { untilMs }) }) as Partial<Decision>;
const reject = (code: string, reason: string) =>
  ({ kind: 'reject', code, reason }) as Partial<Decision>;
const none = 'no_backend_available';
const noCap = { preferences: { maxCostPerJobUsdMicros: 0 } };
const paid = { tariff: { perJobUsdMicros: 1 } };
const full = { inFlight: 10 };

const cases: Case[] = [
  ['waits for a dead backend', [makeRow('a', { isAlive: false })], {}, wait('dead')],
  ['waits for a backend that is down', [makeRow('a', { health: 'down' })], {}, wait('unhealthy')],
  ['waits for a breaker', [makeRow('a', { breaker: 'open' })], {}, wait('breaker_open')],
  ['waits for a slot', [makeRow('a', full)], {}, wait('capacity')],
  ['waits for a catalogue', [makeRow('a', { catalogue: null })], {}, wait('catalogue_unknown')],
  [
    'waits for a tried backend',
    [makeRow('a')],
    { excludedBackendIds: ['a'] },
    wait('already_tried'),
  ],
  [
    'waits until the end of a cooldown',
    [makeRow('a', { cooldownUntilMs: nowMs + 7 })],
    {},
    wait('cooldown', nowMs + 7),
  ],
  [
    'waits until the first end of three',
    [9, 7, 8].map((leftMs, at) => makeRow(`b${at}`, { cooldownUntilMs: nowMs + leftMs })),
    {},
    wait('cooldown', nowMs + 7),
  ],
  [
    'names the reason nearest to a route',
    [makeRow('a', full), makeRow('b', { isAlive: false })],
    {},
    wait('capacity'),
  ],
  [
    'waits for one able backend among others',
    [
      makeRow('a', full),
      makeRow('b', { isEnabled: false }),
      makeRow('c', { catalogue: { models: [] } }),
    ],
    {},
    wait('capacity'),
  ],
  [
    'waits for a free backend beside one over the cap',
    [makeRow('a', full), makeRow('b', paid)],
    noCap,
    wait('capacity'),
  ],
  ['refuses where nothing is registered', [], {}, reject(none, 'none_registered')],
  [
    'refuses a model that nobody has',
    [makeRow('a')],
    { model: 'x' },
    reject('not_found', 'model_unknown'),
  ],
  [
    'refuses a model of another kind as unavailable',
    [makeRow('a')],
    { kind: 'embedding' },
    reject(none, 'none_able'),
  ],
  [
    'refuses a disabled backend',
    [makeRow('a', { isEnabled: false })],
    {},
    reject(none, 'none_able'),
  ],
  [
    'does not call a disabled catalogue known',
    [makeRow('a', { isEnabled: false, catalogue: null })],
    {},
    reject(none, 'none_able'),
  ],
  ['refuses another region', [makeRow('a')], { region: 'eu' }, reject(none, 'none_able')],
  ['refuses missing tags', [makeRow('a')], { tags: ['x'] }, reject(none, 'none_able')],
  ['refuses too many tokens', [makeRow('a')], { maxOutputTokens: 9000 }, reject(none, 'none_able')],
  [
    'refuses a cost over the cap',
    [makeRow('a', paid)],
    noCap,
    reject('budget_exceeded', 'over_cost'),
  ],
  [
    'refuses a cost over the cap at a dead backend',
    [makeRow('a', { ...paid, isAlive: false })],
    noCap,
    reject('budget_exceeded', 'over_cost'),
  ],
  [
    'refuses a cost over the cap beside a disabled one',
    [makeRow('a', paid), makeRow('b', { isEnabled: false })],
    noCap,
    reject('budget_exceeded', 'over_cost'),
  ],
  [
    'refuses a cost over the cap at a full backend',
    [makeRow('a', { ...paid, ...full })],
    noCap,
    reject('budget_exceeded', 'over_cost'),
  ],
  [
    'blames no cap for a disabled backend',
    [makeRow('a', { ...paid, isEnabled: false })],
    noCap,
    reject(none, 'none_able'),
  ],
  [
    'refuses remote backends that are also dead',
    [makeRow('a', { class: 'remote', isAlive: false })],
    { preferences: { allowCloudFallback: false } },
    reject(none, 'none_able'),
  ],
  [
    'refuses a lasting reason behind a passing one',
    [makeRow('a', { ...full, region: 'us' })],
    { region: 'eu' },
    reject(none, 'none_able'),
  ],
];

describe('an empty set', () => {
  it.each(cases)('%s', (_title, rows, job, expected) => {
    expect(decideAmong(rows, makeJob(job))).toMatchObject(expected);
  });

  it('knows no instant to wait for where nobody cools down', () => {
    expect(decideAmong([makeRow('a', full)], makeJob())).toHaveProperty('untilMs', undefined);
  });

  it('names every backend with its reason', () => {
    const rows = [makeRow('b', full), makeRow('a', { isAlive: false })];
    const { excluded } = decideAmong(rows, makeJob());
    expect(excluded).toEqual({ backendIds: ['a', 'b'], reasons: ['dead', 'capacity'] });
  });
});
