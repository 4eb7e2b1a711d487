import * as fc from 'fast-check';
import { unknownStats } from './backend-stats.js';
import { defaultSettings } from './settings.js';
import {
  emptySnapshot,
  findRow,
  snapshotOf,
  withCursor,
  withoutRow,
  withRow,
  withSettings,
  withTurns,
} from './snapshot.js';
import { makeRow } from './testing/builders.js';

const idsOf = ({ backends }: typeof emptySnapshot) => backends.map(({ id }) => id);
const abc = snapshotOf([makeRow('c'), makeRow('a'), makeRow('b')], { version: 4 });

describe('a snapshot', () => {
  it.each([
    ['adds a row in its place', withRow(abc, makeRow('aa')), ['a', 'aa', 'b', 'c'], 5],
    ['adds a first row', withRow(abc, makeRow('0')), ['0', 'a', 'b', 'c'], 5],
    ['adds a last row', withRow(abc, makeRow('d')), ['a', 'b', 'c', 'd'], 5],
    ['takes a row out', withoutRow(abc, 'b'), ['a', 'c'], 5],
    [
      'stays the same where there is nothing to take out',
      withoutRow(abc, 'bb'),
      ['a', 'b', 'c'],
      4,
    ],
    ['begins empty', withoutRow(emptySnapshot, 'a'), [], 0],
    [
      'sorts by code unit, not by language',
      snapshotOf([makeRow('a'), makeRow('B')]),
      ['B', 'a'],
      0,
    ],
  ])('%s', (_title, snapshot, ids, version) => {
    expect([idsOf(snapshot), snapshot.version]).toEqual([ids, version]);
  });

  it('replaces one row, keeps the others, and leaves the old snapshot alone', () => {
    const next = withRow(abc, makeRow('b', { inFlight: 3 }));
    expect(findRow(next, 'b')?.inFlight).toBe(3);
    expect(findRow(abc, 'b')?.inFlight).toBe(0);
    expect(findRow(next, 'a')).toBe(findRow(abc, 'a'));
  });

  it('takes the last of two rows with one id', () => {
    const snapshot = snapshotOf([makeRow('a', { inFlight: 1 }), makeRow('a', { inFlight: 2 })]);
    expect(snapshot.backends.map(({ inFlight }) => inFlight)).toEqual([2]);
  });

  it('holds a cursor for each pool', () => {
    const next = withCursor(withCursor(abc, 'chat', 'a'), 'image', 'b');
    expect([next.cursors, next.version]).toEqual([{ chat: 'a', image: 'b' }, 6]);
    expect(abc.cursors).toEqual({});
  });

  it('holds turns for each pool, and forgets those of a backend that is gone', () => {
    const next = withTurns(withTurns(abc, 'chat', { a: 1, b: -1 }), 'image', { b: 2 });
    expect([next.turns, next.version]).toEqual([{ chat: { a: 1, b: -1 }, image: { b: 2 } }, 6]);
    expect(withoutRow(next, 'b').turns).toEqual({ chat: { a: 1 }, image: {} });
    expect(withRow(next, makeRow('b', { inFlight: 1 })).turns).toEqual(next.turns);
  });

  it('carries the settings', () => {
    const settings = { ...defaultSettings, minimumQuality: 0.5 };
    expect([abc.settings, withSettings(abc, settings).settings]).toEqual([
      defaultSettings,
      settings,
    ]);
  });

  it('shares one object between the backends of which nothing is known', () => {
    expect(abc.backends.map(({ stats }) => stats === unknownStats)).toEqual([true, true, true]);
  });

  it('finds no row that is not there', () => {
    expect(findRow(abc, 'bb')).toBeUndefined();
    expect(findRow(emptySnapshot, 'a')).toBeUndefined();
  });

  it('is the same whether made at once or row by row', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (ids) => {
        const rows = ids.map((id) => makeRow(id));
        const folded = rows.reduce(withRow, emptySnapshot);
        expect(folded.backends).toEqual(snapshotOf(rows).backends);
      }),
    );
  });

  it('takes what is not said of a backend for nothing heard of it', () => {
    const row = makeRow('a', { slots: undefined, isAlive: undefined, health: undefined });
    expect(row).toMatchObject({ slots: 10, isAlive: false, health: 'unknown' });
  });

  it('carries no secret and no address', () => {
    const backend = { apiKey: 'sk-secret', endpointUrl: 'http://user:pass@host' };
    const text = JSON.stringify(snapshotOf([makeRow('a', backend)]));
    expect(text).not.toMatch(/sk-secret|pass@host/);
  });
});
