import * as fc from 'fast-check';
import { JoinedKeys } from './joined-keys.js';

describe('joined keys', () => {
  it('are the two parts, whatever they are, and whatever was asked before', () => {
    const part = fc.constantFrom('a', 'b', '', '__proto__', 'constructor', 'with space');
    fc.assert(
      fc.property(fc.array(fc.tuple(part, part)), (pairs) => {
        const keys = new JoinedKeys();
        expect(pairs.map(([first, second]) => keys.of(first, second))).toEqual(
          pairs.map(([first, second]) => `${first} ${second}`),
        );
      }),
    );
  });

  it('are right beyond those that are kept', () => {
    const keys = new JoinedKeys();
    const wrong = Array.from({ length: 40_000 }, (_, at) => at).filter(
      (at) => keys.of(`a${at % 7}`, `b${at}`) !== `a${at % 7} b${at}`,
    );
    expect(wrong).toEqual([]);
  });
});
