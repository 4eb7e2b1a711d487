import { replay, recordOf } from '../replay.js';
import { backendStats } from '../backend-stats.js';
import { decide } from '../decide.js';
import type { WaitDecision } from '../decision.js';
import { explain } from '../explain.js';
import { noFacts } from '../job-facts.js';
import { findRow, snapshotOf } from '../snapshot.js';
import { costOptimized as strategy } from '../strategies/cost-optimized.js';
import { retired } from '../strategies/retired.js';
import { leastConnections } from '../strategies/least-connections.js';
import type { Strategy } from '../strategy.js';
import { makeJob, makeRow, nowMs } from '../testing/builders.js';
import { Patience } from './patience.js';

const paid = (perJobUsdMicros: number, expectedResponseTimeMs: number) => ({
  tariff: { perJobUsdMicros },
  expectedResponseTimeMs,
});
const full = { slots: 1, inFlight: 1 };
const cheap = makeRow('cheap', { ...paid(100, 8000), ...full });
const fast = makeRow('fast', paid(300, 1000));
const dear = makeRow('dear', { ...paid(900, 1000), ...full });

/** What is decided with the cheap one full until `openInMs` from now. */
const decided = (
  openInMs: number | undefined,
  dueInMs?: number,
  rows = [cheap, fast],
  by: Strategy = strategy,
) => {
  const deadline = dueInMs === undefined ? {} : { deadlineAtMs: nowMs + dueInMs };
  const openings = { cheap: nowMs + (openInMs ?? 0), gone: nowMs };
  return decide({
    job: makeJob(deadline),
    snapshot: snapshotOf(rows),
    strategy: by,
    nowMs,
    seed: 1,
    facts: openInMs === undefined ? noFacts : { ...noFacts, openings },
  });
};
const told = (decision: ReturnType<typeof decided>) =>
  decision.kind === 'route'
    ? decision.backendId
    : [(decision as WaitDecision).awaitedId, (decision as WaitDecision).untilMs];

describe('a job with a deadline', () => {
  it.each([
    ['waits for a cheaper one that will be in time', 2000, 10_000, ['cheap', nowMs + 9000]],
    ['waits for none that would be late', 2001, 10_000, 'fast'],
    ['waits for none of which nobody knows when it is free', undefined, 10_000, 'fast'],
    ['waits for none where it is not due', 2000, undefined, 'fast'],
    ['waits for one in time where the free one is late', 100, 8100, ['cheap', nowMs + 7100]],
  ])('%s', (_what, openInMs, dueInMs, expected) => {
    expect(told(decided(openInMs, dueInMs))).toEqual(expected);
  });

  it('waits for one in time, dearer or not, where the free one would be late', () => {
    const slow = makeRow('slow', paid(10, 20_000));
    expect(told(decided(100, 9000, [cheap, slow]))).toEqual(['cheap', nowMs + 1000]);
    expect(told(decided(1001, 9000, [cheap, slow]))).toBe('slow');
  });

  it.each([
    ['that is not dearer', makeRow('fast', paid(100, 1000))],
    ['of the caller', makeRow('fast', paid(300, 1000))],
  ])('takes the free one %s', (what, free) => {
    const preferredBackend = what === 'of the caller' ? 'fast' : 'auto';
    const job = makeJob({ deadlineAtMs: nowMs + 60_000, preferences: { preferredBackend } });
    const facts = { ...noFacts, openings: { cheap: nowMs + 10 } };
    const snapshot = snapshotOf([cheap, free]);
    expect(decide({ job, snapshot, strategy, nowMs, seed: 1, facts }).kind).toBe('route');
  });

  it.each([
    ['its minute is full', { maxRequestsPerMinute: 1, requestsThisMinute: 1 }],
    ['its breaker is open', { breaker: 'open' as const }],
    ['it is down', { health: 'down' as const }],
  ])('waits for none that has more in its way than its slots: %s', (_what, changes) => {
    expect(told(decided(10, 60_000, [{ ...cheap, ...changes }, fast]))).toBe('fast');
  });

  it('says why it waits, and decides the same again', () => {
    const decision = decided(2000, 10_000);
    expect(explain(decision)).toBe(
      'cost_optimized lets the job wait for cheap, where it will be in time: full cheap.',
    );
    const facts = { ...noFacts, openings: { cheap: nowMs + 2000, gone: nowMs } };
    const job = makeJob({ deadlineAtMs: nowMs + 10_000 });
    const input = { job, snapshot: snapshotOf([cheap, fast]), strategy, nowMs, seed: 1, facts };
    const record = JSON.parse(JSON.stringify(recordOf(input, decision)));
    expect(replay(record)).toEqual({ kind: 'same' });
  });
});

describe('a job that will be late wherever it goes', () => {
  const steady = { durationMsMean: 1000, durationSamples: 20 };
  const spread = (stddevMs: number, recentSamples = 20) =>
    makeRow('fast', {
      ...paid(300, 1000),
      ...steady,
      stats: backendStats({ stddevMs, recentSamples }),
    });

  it.each([
    ['waits for a cheaper one that is full, until it is over', 999, [cheap, fast], nowMs + 999],
    ['is sent where no cheaper one is full', 999, [fast, { ...cheap, inFlight: 0 }], 'cheap'],
    ['is sent where it is the dearer one that is full', 999, [fast, dear], 'fast'],
    ['is sent where it may be in time with some luck', 801, [cheap, spread(100)], 'fast'],
    ['waits where luck would not help', 799, [cheap, spread(100)], nowMs + 799],
    ['is sent where nobody measured lately what luck is', 501, [cheap, spread(0, 1)], 'fast'],
    ['is sent where it was over before it began', 0, [cheap, fast], 'fast'],
  ])('%s', (_what, dueInMs, rows, expected) => {
    const found = told(decided(5000, dueInMs, rows));
    expect(Array.isArray(found) ? found[1] : found).toBe(expected);
  });

  it('says so', () => {
    expect(explain(decided(5000, 999))).toBe(
      'cost_optimized lets the job wait for cheap, since it will be late anyway: full cheap.',
    );
  });

  it('was sent by the version before', () => {
    const before = retired.find(({ version, name }) => name === strategy.name && version === 3);
    const decision = decided(5000, 999, [cheap, fast], before);
    expect([told(decision), decision.strategyVersion]).toEqual(['fast', 3]);
  });

  it('is promised no slot, and stands aside however many do', () => {
    const patience = new Patience();
    const snapshot = snapshotOf([cheap, fast]);
    const late = decided(5000, 999) as WaitDecision;
    const job = makeJob({ deadlineAtMs: nowMs + 60_000 });
    const open = () => patience.openingsFor(job, strategy, snapshot, nowMs)?.['cheap'];
    const before = open();
    const answers = Array.from({ length: 100 }, () => patience.waits(late, snapshot));
    expect([new Set(answers), open()]).toEqual([new Set(['aside']), before]);
    expect(patience.nextAtMs).toBe(Infinity);
    expect(patience.isOver(snapshot, nowMs)).toBe(false);
    expect(patience.isOver(snapshotOf([{ ...cheap, inFlight: 0 }, fast]), nowMs)).toBe(true);
  });
});

describe('the openings of full backends', () => {
  const job = makeJob({ deadlineAtMs: nowMs + 60_000 });
  const two = { ...cheap, slots: 2, inFlight: 2 };
  const snapshot = snapshotOf([two, fast]);
  const follow = () => {
    const patience = new Patience();
    patience.openingsFor(job, strategy, snapshot, nowMs);
    patience.dispatched('one', 'cheap', nowMs - 5000);
    patience.dispatched('two', 'cheap', nowMs - 1000);
    return patience;
  };
  const open = (patience: Patience, atMs = nowMs) => {
    const at = patience.openingsFor(job, strategy, snapshot, atMs);
    return at?.['cheap'] === undefined ? at : at['cheap'] - nowMs;
  };
  const waiting: WaitDecision = decided(2000, 10_000) as WaitDecision;

  it.each([
    ['a strategy that does not read them', job, leastConnections],
    ['a job without a deadline', makeJob(), strategy],
  ])('are not told %s', (_whom, asked, by) => {
    expect(new Patience().openingsFor(asked, by, snapshot, nowMs)).toBeUndefined();
  });

  it('are when the first attempt is expected to end', () => {
    expect(open(follow())).toBe(3000);
  });

  it('are half the time of an attempt away where one is late, or was never told of', () => {
    expect(open(follow(), nowMs + 4000)).toBe(7000);
    const late = follow();
    late.ended('two');
    expect(open(late, nowMs + 3500)).toBe(7500);
  });

  it('come one after the other to those who wait', () => {
    const patience = follow();
    const found = [open(patience)];
    for (let at = 0; at < 3; at += 1) {
      expect(patience.waits(waiting, snapshot)).toBe('aside');
      found.push(open(patience));
    }
    expect(found).toEqual([3000, 7000, 11_000, 15_000]);
    patience.clear();
    expect(open(patience)).toBe(3000);
  });

  it('move with the clock', () => {
    const patience = follow();
    patience.shiftClock(500);
    expect(open(patience)).toBe(3500);
  });
});

describe('those who stand aside', () => {
  const waiting = decided(2000, 10_000) as WaitDecision;
  const snapshot = snapshotOf([cheap, fast]);
  const aside = () => {
    const patience = new Patience();
    patience.waits(waiting, snapshot);
    return patience;
  };

  it.each([
    ['nothing changes', cheap, nowMs, false],
    ['it is time to go', cheap, nowMs + 9000, true],
    ['a slot is free', { ...cheap, inFlight: 0 }, nowMs, true],
    ['the backend is dead', { ...cheap, isAlive: false }, nowMs, true],
    ['its breaker opens', { ...cheap, breaker: 'open' as const }, nowMs, true],
    ['it is gone', fast, nowMs, true],
  ])('when %s', (_when, row, atMs, isOver) => {
    const patience = aside();
    expect(patience.nextAtMs).toBe(nowMs + 9000);
    expect(patience.isOver(snapshotOf([row]), atMs)).toBe(isOver);
    expect(patience.nextAtMs).toBe(isOver ? Infinity : nowMs + 9000);
    expect(patience.isOver(snapshotOf([]), atMs)).toBe(!isOver);
  });

  it('are few: behind so many a group waits', () => {
    const patience = new Patience();
    const answers = Array.from({ length: 65 }, () => patience.waits(waiting, snapshot));
    expect(answers.filter((answer) => answer === 'aside')).toHaveLength(64);
    expect(answers[64]).toBe('group');
  });

  it('are asked again when the clock jumps', () => {
    const patience = aside();
    patience.shiftClock(-3_600_000);
    expect(patience.isOver(snapshot, nowMs - 3_600_000)).toBe(true);
    expect(findRow(snapshot, 'cheap')).toBeDefined();
  });

  it('do not when the wait is for all of a group', () => {
    const all = decided(2000, 10_000, [cheap]) as WaitDecision;
    expect([all.kind, all.awaitedId]).toEqual(['wait', undefined]);
    expect(new Patience().waits(all, snapshot)).toBe('group');
  });
});
