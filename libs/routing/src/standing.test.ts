import * as fc from 'fast-check';
import type { BackendRow } from './backend-row.js';
import { decide } from './decide.js';
import { askOf } from './filter.js';
import { seedOf } from './seed.js';
import { snapshotOf } from './snapshot.js';
import { Standing } from './standing.js';
import { score } from './strategies/score.js';
import { aCase, type Case } from './testing/arbitraries.js';
import { makeJob, makeRow, nowMs } from './testing/builders.js';

const ask = askOf(makeJob(), nowMs);

/** The columns, without the room for more rows. */
const columnsOf = (standing: Standing, count: number): unknown =>
  Object.entries(standing).map(([name, column]) => [name, [...column].slice(0, count)]);

const followed = (...lists: readonly (readonly BackendRow[])[]): Standing => {
  const standing = new Standing();
  for (const rows of lists) standing.follow(rows, ask);
  return standing;
};

const decided = ({ job, rows, settings, facts, nowMs: atMs }: Case): string => {
  const snapshot = snapshotOf(rows, { settings });
  const seed = seedOf(job.id, job.attemptNo);
  return JSON.stringify(decide({ job, snapshot, strategy: score, nowMs: atMs, seed, facts }));
};

describe('how rows stand', () => {
  it('is the same after other rows, more and fewer', () => {
    fc.assert(
      fc.property(aCase, aCase, aCase, ({ rows }, before, later) => {
        const count = rows.length;
        const one = columnsOf(followed(before.rows, rows, later.rows, rows), count);
        expect(one).toEqual(columnsOf(followed(rows), count));
      }),
    );
  });

  it('changes no decision, whatever was decided before', () => {
    fc.assert(
      fc.property(aCase, aCase, (one, before) => {
        const { model, kind } = one.job;
        const alone = decided(structuredClone(one));
        decided({ ...before, job: { ...before.job, model, kind } });
        const mixed = [...before.rows.slice(1), ...one.rows];
        decided({ ...before, rows: mixed, job: { ...before.job, model, kind } });
        expect(decided(one)).toBe(alone);
      }),
    );
  });

  it('lets go of rows that are no more', () => {
    const [a, b] = [makeRow('a'), makeRow('b')];
    const standing = followed([a, b], [a]);
    expect([standing.rows, standing.ids]).toEqual([[a], ['a']]);
  });
});
