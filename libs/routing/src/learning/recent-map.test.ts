import * as fc from 'fast-check';
import { RecentMap } from './recent-map.js';

describe('a map of the entries used last', () => {
  it('lets the one used longest ago go', () => {
    const map = new RecentMap<number>(2);
    map.use('a', () => 1);
    map.use('b', () => 2);
    map.use('a', () => 0);
    map.use('c', () => 3);
    expect([...map.entries()]).toEqual([
      ['a', 1],
      ['c', 3],
    ]);
  });

  it('does not count a look as a use', () => {
    const map = new RecentMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect(map.get('a')).toBeUndefined();
  });

  it('holds the last distinct keys, whatever they are', () => {
    const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor'));
    fc.assert(
      fc.property(keys, (some) => {
        const map = new RecentMap<string>(3);
        for (const key of some) map.use(key, () => key);
        const last = [...new Set(some.toReversed())].slice(0, 3).toReversed();
        expect([...map.entries()].map(([key]) => key)).toEqual(last);
      }),
    );
  });
});
