import { backendStats } from './backend-stats.js';
import { decide } from './decide.js';
import type { Decision } from './decision.js';
import { Learner } from './learning/learner.js';
import { findStrategy, strategies } from './registry.js';
import { snapshotOf } from './snapshot.js';
import type { Strategy } from './strategy.js';
import { makeJob, makeRow, nowMs, type RowOptions } from './testing/builders.js';

const all: readonly Strategy[] = Object.values(strategies);
const ids = ['a', 'b', 'c'];

/** What every strategy makes of three backends that are all like this. */
function decidedBy(strategy: Strategy, options: RowOptions, atMs = nowMs): Decision {
  const snapshot = snapshotOf(ids.map((id) => makeRow(id, options)));
  return decide({ job: makeJob(), snapshot, strategy, nowMs: atMs, seed: 7 });
}

/** `route`, or why not, by strategy; what all say is one entry. */
const said = (options: RowOptions, atMs?: number): readonly string[] => [
  ...new Set(
    all.map((strategy) => {
      const decision = decidedBy(strategy, options, atMs);
      const { warnings } = decision;
      const failed = warnings.filter((warning) => warning.startsWith('strategy_failed'));
      const how = decision.kind === 'route' ? 'route' : `${decision.kind} ${decision.reason}`;
      return [how, ...failed].join(' ');
    }),
  ),
];

describe('every strategy, by itself and without failing,', () => {
  it.each<[string, RowOptions, string]>([
    ['weights of 0', { weight: 0 }, 'route'],
    ['weights below 0', { weight: -3 }, 'route'],
    ['weights that are no number', { weight: Number.NaN }, 'route'],
    ['durations that are no number', { expectedResponseTimeMs: Number.NaN }, 'route'],
    ['an endless duration', { expectedResponseTimeMs: Infinity }, 'route'],
    ['a quality that is no number', { qualityScore: Number.NaN }, 'route'],
    ['priorities of 0', { priority: 0 }, 'route'],
    ['prices below 0', { tariff: { perJobUsdMicros: -5 } }, 'route'],
    ['no slots', { slots: 0 }, 'wait capacity'],
    ['slots below 0', { slots: -1 }, 'wait capacity'],
    ['slots that are no number', { slots: Number.NaN }, 'wait capacity'],
    ['a limit of requests below 0', { maxRequestsPerMinute: -1 }, 'wait capacity'],
    ['everybody dead', { isAlive: false }, 'wait dead'],
    ['everybody disabled', { isEnabled: false }, 'reject none_able'],
    [
      'stats that are no numbers',
      {
        stats: backendStats({
          ewmaMs: Number.NaN,
          errorRatio: Number.NaN,
          outstandingTokens: Number.NaN,
          queuedPrefillMs: -1e9,
          kvUsedRatio: Infinity,
        }),
      },
      'route',
    ],
  ])('takes %s', (_what, options, expected) => {
    expect(said(options)).toEqual([expected]);
  });

  it('refuses an empty pool', () => {
    const decisions = all.map((strategy) =>
      decide({ job: makeJob(), snapshot: snapshotOf([]), strategy, nowMs, seed: 7 }),
    );
    expect(new Set(decisions.map(({ kind }) => kind))).toEqual(new Set(['reject']));
  });

  it('goes on where the clock goes back: by a day, and to the beginning of all time', () => {
    const heard = { stats: backendStats({ lastHeartbeatAtMs: nowMs }) };
    expect(said(heard, nowMs - 86_400_000)).toEqual(['route']);
    expect(said(heard, 0)).toEqual(['route']);
    const cooled = { cooldownUntilMs: nowMs + 1000 };
    expect(said(cooled, nowMs - 86_400_000)).toEqual(['wait cooldown']);
  });

  it('is found by its name alone; another lists all that there are', () => {
    expect(findStrategy('fastest')).toMatchObject({ unknown: 'fastest' });
    const { known } = findStrategy('fastest') as { known: readonly string[] };
    expect(known).toEqual(all.map(({ name }) => name));
  });
});

describe('a learner whose clock goes back', () => {
  it('keeps what it knows, in numbers', () => {
    const learner = new Learner();
    for (const endedAtMs of [nowMs, nowMs - 3_600_000, 0, nowMs + 1]) {
      learner.observe({
        backendId: 'a',
        model: 'm',
        kind: 'chat',
        account: 'default',
        failure: null,
        endedAtMs,
        durationMs: 500,
        estimatedInputTokens: 100,
        maxOutputTokens: 100,
      });
    }
    expect(learner.durationsOf('a')).toEqual({ durationMsMean: 500, durationSamples: 4 });
    const { arms } = learner.learnedFor(makeJob(), 'simple', [makeRow('a')], nowMs - 1e9);
    const { rewardMean = Number.NaN, rewardVariance = Number.NaN } = arms['a'] ?? {};
    expect([rewardMean, rewardVariance].every(Number.isFinite)).toBe(true);
    expect(Object.values(learner.statsOf('a', 0)).some(Number.isNaN)).toBe(false);
  });
});
