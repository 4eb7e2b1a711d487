import { makeRow, type RowOptions } from '../testing/builders.js';
import { setOf } from '../testing/laws.js';
import { connections } from './connections.js';
import { cost } from './cost.js';
import { priority } from './priority.js';
import { queue } from './queue.js';
import { speed } from './speed.js';

const rowsOf = (options: RowOptions[]) => options.map((each, at) => makeRow(`b${at}`, each));
const rounded = (scores: number[]) => scores.map((score) => Number(score.toFixed(4)));

describe('priority', () => {
  it.each([
    ['one alone gets all', [3], [0.3333]],
    ['the best of two', [1, 2], [1, 0.5]],
    ['equals get the same', [2, 2], [0.5, 0.5]],
  ])('%s', (_title, priorities, expected) => {
    const rows = rowsOf(priorities.map((each) => ({ priority: each })));
    expect(rounded(priority.score(setOf(rows)))).toEqual(expected);
  });
});

describe('cost', () => {
  it.each([
    ['all free', [0, 0], [1, 1]],
    ['the dearest gets nothing', [0, 7000, 80_000], [1, 0.9125, 0]],
    ['one alone that costs gets nothing', [5], [0]],
    ['one without a price is the dearest', [5, Number.MAX_SAFE_INTEGER], [1, 0]],
  ])('%s', (_title, costs, expected) => {
    expect(rounded(cost.score(setOf(rowsOf(costs.map(() => ({}))), costs)))).toEqual(expected);
  });
});

describe('speed', () => {
  const slow = { expectedResponseTimeMs: 20_000 };
  const quick = { expectedResponseTimeMs: 5000 };
  it.each<[string, RowOptions[], number[]]>([
    [
      '10 s is half way from 5 s to 20 s',
      [slow, quick, { expectedResponseTimeMs: 10_000 }],
      [0, 1, 0.5],
    ],
    ['equals get all', [slow, slow], [1, 1]],
    [
      'below 100 ms is no faster',
      [{ expectedResponseTimeMs: 0 }, { expectedResponseTimeMs: 99 }, slow],
      [1, 1, 0],
    ],
    [
      'a measurement counts',
      [slow, quick, { ...quick, durationMsMean: 20_000, durationSamples: 10 }],
      [0, 1, 0],
    ],
    [
      'a mean without samples does not',
      [slow, quick, { ...quick, durationMsMean: 20_000 }],
      [0, 1, 1],
    ],
    [
      '4 samples count four tenths',
      [slow, quick, { expectedResponseTimeMs: 10_000, durationMsMean: 10_000, durationSamples: 4 }],
      [0, 1, 0.5],
    ],
  ])('%s', (_title, options, expected) => {
    expect(rounded(speed.score(setOf(rowsOf(options))))).toEqual(expected);
  });
});

describe('queue', () => {
  it.each<[string, RowOptions, number]>([
    ['nobody waits', { waiting: 0 }, 1],
    ['two wait', { waiting: 2 }, 0.8],
    ['ten wait', { waiting: 10 }, 0],
    ['more than ten wait', { waiting: 11 }, 0],
    ['unknown: attempts in flight stand for it', { waiting: null, inFlight: 3 }, 0.7],
    [
      'unknown at a remote that is not alive',
      { waiting: null, class: 'remote', isAlive: false },
      0,
    ],
    ['unknown at a local that is not alive', { waiting: null, isAlive: false }, 1],
  ])('%s', (_title, options, expected) => {
    expect(rounded(queue.score(setOf(rowsOf([options]))))).toEqual([expected]);
  });
});

describe('connections', () => {
  it.each<[string, RowOptions, number]>([
    ['idle', { inFlight: 0 }, 1],
    ['full', { inFlight: 10 }, 0.5],
    ['full and degraded', { inFlight: 10, health: 'degraded' }, 0.3333],
    ['full and down', { inFlight: 10, health: 'down' }, 0.0909],
    ['without slots', { slots: 0 }, 0.5],
  ])('%s', (_title, options, expected) => {
    expect(rounded(connections.score(setOf(rowsOf([options]))))).toEqual([expected]);
  });
});
