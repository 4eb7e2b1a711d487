import { asRoute, decideAmong, makeJob, makeRow, type RowOptions } from '../testing/builders.js';
import { leastConnections } from './least-connections.js';

describe('least_connections', () => {
  it.each<[string, RowOptions, RowOptions]>([
    ['the idle one', { inFlight: 0 }, { inFlight: 1 }],
    [
      'the smaller share, not the smaller count',
      { inFlight: 4, slots: 20 },
      { inFlight: 3, slots: 10 },
    ],
    ['the healthy one of two as busy', { inFlight: 2 }, { inFlight: 2, health: 'degraded' }],
    ['the healthy one up to twice as busy', { inFlight: 3 }, { inFlight: 2, health: 'degraded' }],
    [
      'the degraded one, if the other is over twice as busy',
      { inFlight: 2, health: 'degraded' },
      { inFlight: 5 },
    ],
    ['the smaller count of equal shares', { inFlight: 1, slots: 5 }, { inFlight: 2, slots: 10 }],
    [
      'the least recently selected of equal counts',
      { lastSelectedSequence: 1, priority: 2 },
      { lastSelectedSequence: 2 },
    ],
  ])('takes %s', (_title, better, worse) => {
    const rows = [makeRow('a', worse), makeRow('b', better)];
    const decision = decideAmong(rows, makeJob(), { strategy: leastConnections });
    expect(asRoute(decision).ranked).toEqual(['b', 'a']);
  });

  it('takes the smaller id of equals', () => {
    const rows = [makeRow('b'), makeRow('a')];
    const decision = decideAmong(rows, makeJob(), { strategy: leastConnections });
    expect(asRoute(decision).ranked).toEqual(['a', 'b']);
  });
});
