import {
  asRoute,
  decideAmong,
  excludedOf,
  type JobOptions,
  makeJob,
  makeRow,
} from '../testing/builders.js';
import { score } from './score.js';

/** The seed's table: priority, price per job, seconds per job, jobs waiting. */
const local = makeRow('local', { priority: 1, expectedResponseTimeMs: 10_000, waiting: 2 });
const cloud = makeRow('cloud', {
  priority: 2,
  class: 'remote',
  tariff: { perJobUsdMicros: 7000 },
  expectedResponseTimeMs: 20_000,
});
const gemini = makeRow('gemini', {
  priority: 3,
  class: 'remote',
  tariff: { perJobUsdMicros: 80_000 },
  expectedResponseTimeMs: 5000,
});
const table = [local, cloud, gemini];
const measured = (durationMsMean: number) => ({ ...local, durationMsMean, durationSamples: 10 });
const fast: JobOptions = { preferences: { prioritizeSpeed: true } };

const pointsOf = (decision: ReturnType<typeof decideAmong>) => {
  const { backendIds, points } = decision.candidates;
  return Object.fromEntries(backendIds.map((id, at) => [id, (points[at] as number).toFixed(2)]));
};

describe('score, on the normative vectors', () => {
  it.each([
    ['V1', table, {}, ['88.00', '64.04', '43.33'], 'local'],
    ['V2', table, fast, ['78.00', '45.79', '63.33'], 'local'],
    ['V3, 17 s', [measured(17_000), cloud, gemini], fast, ['62.69', '45.79', '63.33'], 'gemini'],
    ['V3, 16.5 s', [measured(16_500), cloud, gemini], fast, ['63.55', '45.79', '63.33'], 'local'],
    ['V5', [{ ...local, isAlive: false }, cloud, gemini], {}, ['88.00', '64.04', '43.33'], 'cloud'],
  ])('%s', (_title, rows, job, [ofLocal, ofCloud, ofGemini], backendId) => {
    const decision = asRoute(decideAmong(rows, makeJob(job)));
    expect(pointsOf(decision)).toEqual({ local: ofLocal, cloud: ofCloud, gemini: ofGemini });
    expect(decision.backendId).toBe(backendId);
  });

  it('V1: gives each its components', () => {
    const { backendIds, components } = decideAmong(table, makeJob()).candidates;
    expect(backendIds).toEqual(['cloud', 'gemini', 'local']);
    const rounded = components.map(({ name, weight, points }) => [
      name,
      weight,
      points.map(Math.round),
    ]);
    expect(rounded).toEqual([
      ['priority', 40, [27, 13, 40]],
      ['cost', 30, [27, 0, 30]],
      ['speed', 20, [0, 20, 10]],
      ['queue', 10, [10, 10, 8]],
    ]);
  });

  it('V4: excludes gemini over the cap, scores alike, and fails over local, cloud, local', () => {
    const capped = { preferences: { maxCostPerJobUsdMicros: 10_000 } };
    const attempts: JobOptions[] = [
      capped,
      { ...capped, attemptNo: 2, excludedBackendIds: ['local'], triedTransient: ['local'] },
      {
        ...capped,
        attemptNo: 3,
        excludedBackendIds: ['local', 'cloud'],
        triedTransient: ['local', 'cloud'],
      },
    ];
    const decisions = attempts.map((job) => asRoute(decideAmong(table, makeJob(job))));
    expect(decisions.map(({ backendId, reason }) => [backendId, reason])).toEqual([
      ['local', 'picked'],
      ['cloud', 'picked'],
      ['local', 'reused'],
    ]);
    expect(decisions.map(pointsOf)).toEqual(
      attempts.map(() => ({ local: '88.00', cloud: '64.04', gemini: '43.33' })),
    );
    expect(decisions.map(excludedOf)).toEqual([
      { gemini: 'over_cost' },
      { gemini: 'over_cost', local: 'already_tried' },
      { gemini: 'over_cost' },
    ]);
  });
});

describe('score', () => {
  it('scores a disabled backend too, as it is registered and able', () => {
    const decision = decideAmong([{ ...gemini, isEnabled: false }, local, cloud], makeJob());
    expect(pointsOf(decision)).toEqual({ local: '88.00', cloud: '64.04', gemini: '43.33' });
  });

  it('scores no backend that is not able', () => {
    const other = makeRow('other', { catalogue: { models: [] }, priority: 50 });
    const unseen = makeRow('unseen', { catalogue: null, isEnabled: false, priority: 50 });
    const decision = decideAmong([...table, other, unseen], makeJob());
    expect(pointsOf(decision)).toEqual({ local: '88.00', cloud: '64.04', gemini: '43.33' });
  });

  it('names a scorer that leaves 0 to 1, and goes on without it', () => {
    const decision = asRoute(decideAmong([makeRow('a', { priority: 0 }), cloud], makeJob()));
    expect(decision.warnings).toEqual(['scorer_dropped:priority']);
    expect(decision.candidates.components.map(({ name }) => name)).toEqual([
      'cost',
      'speed',
      'queue',
    ]);
    expect(decision.backendId).toBe('a');
  });

  it('names a scorer that gives no number, and goes on without it', () => {
    const broken = { name: 'broken', score: () => [Number.NaN] };
    const short = { name: 'short', score: () => [] };
    const scorers = [
      { scorer: broken, weight: 50 },
      { scorer: short, weight: 50 },
    ];
    const decision = decideAmong([local], makeJob(), { strategy: { ...score, scorers } });
    expect(decision.warnings).toEqual(['scorer_dropped:broken', 'scorer_dropped:short']);
    expect(decision.kind).toBe('route');
  });

  it.each([
    ['the smaller priority number', { priority: 1, inFlight: 5 }, { priority: 2 }],
    ['the smaller share of slots in use', { inFlight: 4, slots: 10 }, { inFlight: 3, slots: 5 }],
    ['the least recently selected', { lastSelectedSequence: 4 }, { lastSelectedSequence: 5 }],
  ])('breaks a tie by %s', (_title, better, worse) => {
    const strategy = { ...score, scorers: [] };
    const rows = [makeRow('a', worse), makeRow('b', better)];
    expect(asRoute(decideAmong(rows, makeJob(), { strategy })).ranked).toEqual(['b', 'a']);
  });

  it('breaks the last tie by id', () => {
    const rows = ['c', 'a', 'b'].map((id) => makeRow(id));
    expect(asRoute(decideAmong(rows, makeJob())).ranked).toEqual(['a', 'b', 'c']);
  });

  it('ranks the best 16 of many, best first', () => {
    const rows = Array.from({ length: 60 }, (_, at) =>
      makeRow(`b${String(at).padStart(2, '0')}`, { waiting: (at * 7) % 60, slots: 100 }),
    );
    const strategy = {
      ...score,
      scorers: [],
      tieBreak: [(row: { waiting: number | null }) => row.waiting ?? 0],
    };
    const decision = asRoute(decideAmong(rows, makeJob(), { strategy }));
    const expected = rows
      .toSorted((a, b) => (a.waiting as number) - (b.waiting as number))
      .slice(0, 16)
      .map(({ id }) => id);
    expect([decision.ranked, decision.survivorCount]).toEqual([expected, 60]);
  });
});
