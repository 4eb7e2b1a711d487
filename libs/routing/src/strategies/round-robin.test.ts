import { asRoute, decideAmong, makeJob, makeRow } from '../testing/builders.js';
import { roundRobin } from './round-robin.js';

const down = { health: 'down' } as const;
const ids = (...names: string[]) => names.map((id) => makeRow(id));

describe('round_robin', () => {
  it.each([
    ['starts with the first id', ids('b', 'a', 'c'), undefined, 'a'],
    ['goes on with the next id', ids('a', 'b', 'c'), 'a', 'b'],
    ['goes around after the last id', ids('a', 'b', 'c'), 'c', 'a'],
    ['goes on after an id that is gone', ids('a', 'c'), 'b', 'c'],
    ['goes around after a last id that is gone', ids('a', 'b'), 'z', 'a'],
    ['skips nobody when an id comes before the cursor', ids('0', 'a', 'b', 'c'), 'b', 'c'],
    ['skips who is left out', [makeRow('a'), makeRow('b', down), makeRow('c')], 'a', 'c'],
    ['stays with the only one', ids('a'), 'a', 'a'],
  ])('%s', (_title, rows, last, backendId) => {
    const options = { strategy: roundRobin, cursors: { chat: last } };
    expect(asRoute(decideAmong(rows, makeJob(), options)).backendId).toBe(backendId);
  });

  it('keeps a cursor for each pool', () => {
    const options = { strategy: roundRobin, cursors: { embedding: 'a' } };
    expect(asRoute(decideAmong(ids('a', 'b'), makeJob(), options)).backendId).toBe('a');
  });

  it('tries the others after it in the same order', () => {
    const options = { strategy: roundRobin, cursors: { chat: 'b' } };
    const decision = asRoute(decideAmong(ids('a', 'b', 'c', 'd'), makeJob(), options));
    expect(decision.ranked).toEqual(['c', 'd', 'a', 'b']);
  });
});
