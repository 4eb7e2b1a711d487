import fc from 'fast-check';
import { keysOfText, keyTextOf } from './key-text.js';
import { keyScheme, PromptKeyer } from './keys.js';

const blockTokens = 2;
const keyer = new PromptKeyer({ blockTokens });
const read = (text: string, tokens = blockTokens) => keysOfText('m', text, tokens);

describe('the keys of a prompt as text', () => {
  it('are read as they were', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 500 }), (text) => {
        const made = keyer.ofText('m', text);
        expect(read(keyTextOf(made, blockTokens) ?? '')).toEqual(made);
      }),
      { numRuns: 100 },
    );
  });

  it('are none where no block is full', () => {
    expect(keyTextOf(keyer.ofText('m', 'short'), blockTokens)).toBeUndefined();
  });

  it('are the first 2,000 of a very long prompt, and no more than 24 KB', () => {
    const made = keyer.ofText('m', 'all aboard '.repeat(10_000));
    const text = keyTextOf(made, blockTokens) ?? '';
    expect(text.length).toBeLessThan(24_576);
    expect(read(text)?.keys).toEqual(Float64Array.from(made.keys).slice(0, 2_000));
    expect(read(`${text} 1 2 3`)?.keys).toHaveLength(2_000);
  });

  it.each([
    ['nothing', ''],
    ['another scheme', `${keyScheme + 1}:2:abc`],
    ['blocks of another size', `${keyScheme}:3:abc`],
    ['no keys', `${keyScheme}:2:`],
    ['what is no key', `${keyScheme}:2:abc !`],
    ['a key below 0', `${keyScheme}:2:-1`],
    ['a key that is too large', `${keyScheme}:2:zzzzzzzzzzzz`],
  ])('are not read from %s', (_what, text) => {
    expect(read(text)).toBeUndefined();
  });
});
