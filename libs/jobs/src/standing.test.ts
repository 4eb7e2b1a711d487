import { priorityClassOf } from '@switchyard/domain';
import fc from 'fast-check';
import type { WaitingJob } from './waiting-job.js';
import { WaitingRoom } from './waiting-room.js';

type Facts = Partial<WaitingJob>;

const job = (at: number, { priority = 5, ...facts }: Facts = {}): WaitingJob => ({
  id: `j${at}`,
  account: 'a',
  priorityClass: priorityClassOf(priority),
  priority,
  seq: at,
  submittedAtMs: 0,
  deadlineAtMs: Infinity,
  group: 'g',
  notBeforeMs: 0,
  ...facts,
});

const nobody: ReadonlySet<string> = new Set();
const weights: Readonly<Record<string, number>> = { a: 1, b: 2, c: 5 };

function roomOf(jobs: readonly Facts[]): WaitingRoom<WaitingJob> {
  const room = new WaitingRoom<WaitingJob>((account) => ({ weight: weights[account] ?? 1 }));
  for (const [at, facts] of jobs.entries()) room.add(job(at, facts), 0);
  room.advance(0);
  return room;
}

const positionsIn = (room: WaitingRoom<WaitingJob>, count: number, group = 'g') => {
  const positionOf = room.positions(group, 0);
  return Array.from({ length: count }, (_, at) => positionOf(`j${at}`));
};

describe('positions in line', () => {
  it.each<[string, readonly Facts[], readonly (number | undefined)[]]>([
    ['by submission', [{}, {}, {}], [1, 2, 3]],
    [
      'by class and priority',
      [{ priority: 1 }, { priority: 9 }, {}, { priority: 6 }],
      [4, 1, 3, 2],
    ],
    ['by deadline, none last', [{}, { deadlineAtMs: 90 }, { deadlineAtMs: 80 }], [3, 2, 1]],
    [
      'without other groups',
      [{ group: 'h' }, {}, { group: 'h' }, {}],
      [undefined, 1, undefined, 2],
    ],
    ['without those not yet in line', [{ notBeforeMs: 9 }, {}, {}], [1, 1, 2]],
    [
      'an account with few jobs is not behind one with many',
      [{}, {}, {}, {}, { account: 'x' }],
      [2, 3, 4, 5, 2],
    ],
  ])('%s', (_what, jobs, positions) => {
    expect(positionsIn(roomOf(jobs), jobs.length)).toEqual(positions);
  });

  it('know nothing of a job that is not there, or left since', () => {
    const room = roomOf([{}, {}]);
    const positionOf = room.positions('g', 0);
    room.remove('j0');
    expect([positionOf('j0'), positionOf('j9'), positionOf('j1')]).toEqual([
      undefined,
      undefined,
      2,
    ]);
  });

  it('are those in which the room serves, but for one for each account of equal claim', () => {
    const facts = fc.record({
      account: fc.constantFrom('a', 'b', 'c'),
      priority: fc.integer({ min: 4, max: 8 }),
      deadlineAtMs: fc.constantFrom(10, 20, 30, Infinity, Infinity),
    });
    const served = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 40 }), served, (jobs, before) => {
        // Jobs of one account and rank with one deadline share a position, the first one's.
        const distinct = jobs.map((each, at) => ({
          ...each,
          deadlineAtMs: each.deadlineAtMs + at / 100,
        }));
        const room = roomOf(distinct);
        for (const account of before) room.served(account);
        const positions = positionsIn(room, jobs.length);
        for (let place = 1, head = room.head(nobody); head; head = room.head(nobody), place += 1) {
          room.remove(head.id);
          room.served(head.account);
          const told = positions[head.seq] ?? 0;
          expect(told - place).toBeGreaterThanOrEqual(0);
          expect(told - place).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 300 },
    );
  });
});
