import { decide } from './decide.js';
import { strategies } from './registry.js';
import { recordOf, replay } from './replay.js';
import { snapshotOf } from './snapshot.js';
import { score } from './strategies/score.js';
import { makeJob, makeRow, nowMs } from './testing/builders.js';

const input = {
  job: makeJob(),
  snapshot: snapshotOf([makeRow('b', { priority: 2 }), makeRow('a')], { version: 3 }),
  strategy: score,
  nowMs,
  seed: 9,
};
const record = recordOf(input, decide(input));
const asJson = (value: unknown) => JSON.parse(JSON.stringify(value));

describe('a replay', () => {
  it('finds the same decision', () => {
    expect(replay(record)).toEqual({ kind: 'same' });
    expect(replay(asJson(record))).toEqual({ kind: 'same' });
  });

  it('carries the rows, the time, the seed and the versions', () => {
    expect(asJson(record)).toMatchObject({
      strategy: 'score',
      seed: 9,
      nowMs,
      snapshot: { version: 3, backends: [{ id: 'a' }, { id: 'b' }] },
      decision: { strategyVersion: 1, snapshotVersion: 3, seed: 9, nowMs, jobId: 'job-1' },
    });
  });

  it.each([
    ['another choice', { ...record.decision, backendId: 'b' }],
    ['a score that differs in its last bit', { ...record.decision, points: 100 + 1e-14 }],
    ['another version of the strategy', { ...record.decision, strategyVersion: 0 }],
  ])('shows %s', (_title, decision) => {
    expect(replay({ ...record, decision })).toEqual({
      kind: 'different',
      expected: JSON.stringify(decision),
      actual: JSON.stringify(record.decision),
    });
  });

  it('shows what another snapshot does', () => {
    const snapshot = snapshotOf([makeRow('b')], { version: 3 });
    expect(replay({ ...record, snapshot }).kind).toBe('different');
  });

  it('names a strategy that it does not know', () => {
    expect(replay({ ...record, strategy: 'gone' })).toEqual({
      kind: 'unknown_strategy',
      unknown: 'gone',
      known: Object.keys(strategies),
    });
  });
});
