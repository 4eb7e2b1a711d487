import fc from 'fast-check';
import { priorityClassOf } from '@switchyard/domain';
import type { WaitingJob } from './waiting-job.js';
import { WaitingRoom } from './waiting-room.js';

const job = (id: string, changes: Partial<WaitingJob> = {}): WaitingJob => ({
  id,
  account: 'a',
  priorityClass: priorityClassOf(changes.priority ?? 5),
  priority: 5,
  seq: Number(id.replace(/\D/g, '')),
  submittedAtMs: 0,
  deadlineAtMs: Number.POSITIVE_INFINITY,
  group: 'chat m',
  notBeforeMs: 0,
  ...changes,
});

const nobody: ReadonlySet<string> = new Set();

/** Takes jobs out until none is in line. */
function serve(room: WaitingRoom<WaitingJob>, blocked = nobody): string[] {
  const order: string[] = [];
  for (let head = room.head(blocked); head; head = room.head(blocked)) {
    room.remove(head.id);
    room.served(head.account);
    order.push(head.id);
  }
  return order;
}

const filled = (jobs: readonly WaitingJob[], nowMs = 0): WaitingRoom<WaitingJob> => {
  const room = new WaitingRoom<WaitingJob>();
  for (const each of jobs) room.add(each, nowMs);
  room.advance(nowMs);
  return room;
};

describe('the order of the waiting room', () => {
  it.each<[string, readonly WaitingJob[], readonly string[]]>([
    ['serves in order of submission', [job('j2'), job('j1'), job('j3')], ['j1', 'j2', 'j3']],
    [
      'serves classes first',
      [job('j1', { priority: 1 }), job('j2'), job('j3', { priority: 9 })],
      ['j3', 'j2', 'j1'],
    ],
    [
      'serves the higher priority of a class',
      [job('j1', { priority: 4 }), job('j2', { priority: 6 })],
      ['j2', 'j1'],
    ],
    [
      'serves the earlier deadline',
      [job('j1', { deadlineAtMs: 90 }), job('j2', { deadlineAtMs: 80 })],
      ['j2', 'j1'],
    ],
    ['serves a deadline before none', [job('j1'), job('j2', { deadlineAtMs: 80 })], ['j2', 'j1']],
    [
      'takes turns between accounts',
      [job('j1'), job('j2'), job('j3'), job('j4', { account: 'b' }), job('j5', { account: 'b' })],
      ['j1', 'j4', 'j2', 'j5', 'j3'],
    ],
  ])('%s', (_behaviour, jobs, order) => {
    expect(serve(filled(jobs))).toEqual(order);
  });

  it.each([600_000, -600_000])('delays a job as long where the clock jumps by %d ms', (byMs) => {
    const room = filled([job('j1', { notBeforeMs: 3_000 }), job('gone', { notBeforeMs: 2_000 })]);
    room.remove('gone');
    room.shiftClock(byMs);
    room.advance(byMs + 2_999);
    expect(room.head(nobody)).toBeUndefined();
    room.advance(byMs + 3_000);
    expect(serve(room)).toEqual(['j1']);
  });

  it('lets the account with fewer running jobs go first', () => {
    const room = filled([job('j1'), job('j2', { account: 'b' })]);
    room.served('a');
    expect(room.head(nobody)?.id).toBe('j2');
    room.served('b');
    room.served('b');
    expect(room.head(nobody)?.id).toBe('j1');
  });

  it('passes over a blocked group and nobody else', () => {
    const room = filled([job('j1'), job('j2', { group: 'chat other' })]);
    expect(serve(room, new Set(['chat m']))).toEqual(['j2']);
    expect(serve(room)).toEqual(['j1']);
  });

  it.each([
    [59_999, [4, 5, 6, 7]],
    [60_000, [4, 5, 6, 7]],
    [120_000, [5, 6, 7]],
    [180_000, [6, 7]],
    [600_000, [6, 7]],
  ])('after %i ms a job of priority 3 is passed only by new ones of %j', (nowMs, expected) => {
    const passing = [4, 5, 6, 7].filter((priority) => {
      const room = filled([job('j9', { priority: 3 })]);
      room.add(job('j1', { priority, submittedAtMs: nowMs }), nowMs);
      room.advance(nowMs);
      return room.head(nobody)?.id === 'j1';
    });
    expect(passing).toEqual(expected);
  });

  it('keeps a retry out of line before its time', () => {
    const room = filled([job('j1', { notBeforeMs: 1_000 })]);
    expect([room.head(nobody), room.nextDueAtMs, room.size]).toEqual([undefined, 1_000, 1]);
    room.advance(1_000);
    expect(room.head(nobody)?.id).toBe('j1');
  });

  it('forgets a job that was taken out, wherever it stood', () => {
    const room = filled([job('j1'), job('j2', { notBeforeMs: 1_000 }), job('j3')]);
    room.remove('j1');
    room.remove('j2');
    room.advance(2_000);
    expect(serve(room)).toEqual(['j3']);
  });

  it('serves the earlier deadline where two accounts have the same claim', () => {
    const room = filled([job('j1'), job('j2', { account: 'b', deadlineAtMs: 80 })]);
    expect(serve(room)).toEqual(['j2', 'j1']);
  });

  it('gives an account turns by its weight', () => {
    const room = new WaitingRoom<WaitingJob>((account) => ({ weight: account === 'a' ? 2 : 1 }));
    const accounts = ['a', 'a', 'a', 'a', 'b', 'b'];
    for (const [at, account] of accounts.entries()) room.add(job(`j${at}`, { account }), 0);
    expect(serve(room)).toEqual(['j0', 'j4', 'j1', 'j2', 'j5', 'j3']);
  });

  it('passes over an account that runs as many jobs as it may, in every rank', () => {
    const room = new WaitingRoom<WaitingJob>(() => ({ runningMax: 1 }));
    const jobs = [
      job('j1', { priority: 9 }),
      job('j2', { priority: 8 }),
      job('j3', { account: 'b', priority: 2 }),
      job('j4'),
    ];
    for (const each of jobs) room.add(each, 0);
    expect(serve(room)).toEqual(['j1', 'j3']);
    room.ended('a');
    expect(serve(room)).toEqual(['j2']);
    room.ended('a');
    expect(serve(room)).toEqual(['j4']);
    expect(room.size).toBe(0);
  });

  it('counts the jobs of an account and of a group', () => {
    const room = filled([job('j1'), job('j2', { account: 'b' }), job('j3', { notBeforeMs: 9 })]);
    room.add(job('j1', { group: 'other' }), 0);
    room.remove('j2');
    room.remove('j2');
    const counts = [room.waitingOf('a'), room.waitingOf('b'), room.waitingOf('c')];
    expect(counts).toEqual([2, 0, 0]);
    const inGroups = () => ['chat m', 'other', '-'].map((group) => room.waitingIn(group));
    expect(inGroups()).toEqual([1, 1, 0]);
    room.remove('j1');
    expect(inGroups()).toEqual([1, 0, 0]);
  });

  it('serves every job exactly once, whatever comes and goes', () => {
    const jobs = fc.array(
      fc.record({
        priority: fc.integer({ min: 0, max: 10 }),
        account: fc.constantFrom('a', 'b', 'c'),
        group: fc.constantFrom('g', 'h'),
        submittedAtMs: fc.integer({ min: 0, max: 400_000 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(jobs, fc.integer({ min: 0, max: 600_000 }), (facts, nowMs) => {
        const all = facts.map((each, at) => job(`j${at}`, each));
        expect(serve(filled(all, nowMs)).sort()).toEqual(all.map(({ id }) => id).sort());
      }),
    );
  });
});

describe('a job that stands aside', () => {
  const room = () => filled([job('j1'), job('j2'), job('j3'), job('j4', { group: 'other' })]);

  it('lets those behind it go on, and comes back to its place', () => {
    const waiting = room();
    waiting.standAside('j1');
    expect(waiting.head(nobody)?.id).toBe('j2');
    expect([waiting.size, waiting.waitingIn('chat m'), waiting.has('j1')]).toEqual([4, 3, true]);
    expect(waiting.positions('chat m', 0)('j1')).toBe(1);
    waiting.comeBack();
    expect(serve(waiting)).toEqual(['j1', 'j2', 'j3', 'j4']);
  });

  it('comes back alone from a group of which nobody is left', () => {
    const waiting = room();
    waiting.standAside('j4');
    expect(serve(waiting)).toEqual(['j1', 'j2', 'j3']);
    waiting.comeBack();
    waiting.comeBack();
    expect(serve(waiting)).toEqual(['j4']);
  });

  it('does not come back once it was taken out, and grows older like all others', () => {
    const waiting = room();
    for (const id of ['j1', 'j2', 'j9']) waiting.standAside(id);
    waiting.remove('j1');
    waiting.advance(120_000);
    expect(waiting.head(nobody)?.id).toBe('j3');
    waiting.comeBack();
    expect(serve(waiting)).toEqual(['j2', 'j3', 'j4']);
  });
});
