import fc from 'fast-check';
import { PromptKeyer, type PromptKeys } from './keys.js';

const keyer = new PromptKeyer({ blockTokens: 2 });
const list = ({ keys }: PromptKeys): number[] => Array.from(keys);
const keysOf = (text: string, model = 'm') => list(keyer.ofText(model, text));

/** Eight characters a block: how many leading keys two texts have in common. */
const commonOf = (one: readonly number[], other: readonly number[]): number => {
  const at = one.findIndex((key, index) => key !== other[index]);
  return at < 0 ? one.length : at;
};

describe('the keys of a prompt', () => {
  it.each([
    // text                      blocks
    ['', 0],
    ['1234567', 0],
    ['12345678', 1],
    ['1234567812345678', 2],
    ['123456781234567', 1],
    ['äöüßäöüß', 1],
    ['漢字漢字漢字漢字漢字', 1],
    ['🙂🙂🙂🙂', 1],
    ['1234567🙂2345678', 1],
  ])('"%s" has %i full blocks', (text, blocks) => {
    expect(keysOf(text)).toHaveLength(blocks);
  });

  it.each([
    // one                       other                       common
    ['aaaaaaaabbbbbbbb', 'aaaaaaaabbbbbbbb', 2],
    ['aaaaaaaabbbbbbbb', 'aaaaaaaabbbbbbbc', 1],
    ['aaaaaaaabbbbbbbb', 'aaaaaaabbbbbbbbb', 0],
    ['aaaaaaaabbbbbbbb', 'aaaaaaaabbbbbbbé', 1],
    ['aaaaaaaaaaaaaaaa', 'aaaaaaaa', 1],
    ['aaaaaaa🙂bbbbbbb', 'aaaaaaa🙃bbbbbbb', 0],
  ])('"%s" and "%s" have %i leading keys in common', (one, other, common) => {
    expect(commonOf(keysOf(one), keysOf(other))).toBe(common);
  });

  it('differ between models, and from block to block of one text', () => {
    const all = [...keysOf('a'.repeat(80)), ...keysOf('a'.repeat(80), 'n')];
    expect(new Set(all).size).toBe(20);
  });

  it('are whole numbers below 2^53', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, unit: 'binary' }), (text) => {
        for (const key of keysOf(text)) expect(Number.isSafeInteger(key) && key >= 0).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('agree as long as the texts do, whatever the characters and the chunks', () => {
    const part = fc.string({ maxLength: 700, unit: fc.constantFrom('a', 'b', 'é', '漢', '🙂') });
    fc.assert(
      fc.property(part, part, part, (start, one, other) => {
        const [left, right] = [start + one, start + other];
        const common = commonOf(keysOf(left), keysOf(right));
        const agreeing = Array.from(left).findIndex((each, at) => each !== Array.from(right)[at]);
        const units =
          agreeing < 0 ? left.length : Array.from(left).slice(0, agreeing).join('').length;
        // A block that would end in the middle of a character ends after it.
        const least = Math.floor(Math.min(units, right.length) / 9);
        const most = Math.floor(Math.min(units, right.length) / 8);
        expect(common).toBeGreaterThanOrEqual(least);
        expect(common).toBeLessThanOrEqual(most);
      }),
      { numRuns: 200 },
    );
  });

  it('of a text in parts are those of the whole, whatever the characters', () => {
    const units = [fc.constantFrom('a', 'b', ' '), fc.constantFrom('a', 'é', '漢', '🙂')];
    const parts = fc.oneof(
      ...units.map((unit) => fc.array(fc.string({ maxLength: 600, unit }), { maxLength: 6 })),
    );
    fc.assert(
      fc.property(parts, (pieces) => {
        expect(list(keyer.ofParts('m', pieces))).toEqual(keysOf(pieces.join('')));
      }),
      { numRuns: 200 },
    );
  });

  it('of plain text do not depend on what follows', () => {
    const plain = 'The quick brown fox jumps over the lazy dog. '.repeat(40);
    const whole = keysOf(`${plain}🙂 and more of it`);
    expect(whole.slice(0, keysOf(plain).length)).toEqual(keysOf(plain));
  });

  it('are spread: a hundred thousand of them have no two alike', () => {
    const prompts = Array.from({ length: 1000 }, (_, at) => `${at}`.padEnd(8, '-').repeat(100));
    expect(new Set(prompts.flatMap((text) => keysOf(text))).size).toBe(100_000);
  });

  it('differ between texts that differ in two letters, near or half a block apart', () => {
    const words = 'The quick brown fox jumps over the lazy dog, and then again. '.repeat(40);
    const text = words.slice(0, 2000);
    const swapped = (at: number) => String.fromCharCode(text.charCodeAt(at) ^ 32);
    const texts = new Set<string>();
    for (let at = 0; at < 900; at += 7) {
      for (const step of [1, 4, 5, 8, 15, 990, 991, 999, 1000, 1001]) {
        const [left, right] = [text.slice(0, at), text.slice(at + step + 1)];
        texts.add(
          `${left}${swapped(at)}${text.slice(at + 1, at + step)}${swapped(at + step)}${right}`,
        );
      }
    }
    const whole = new PromptKeyer();
    const keys = new Set([...texts].map((each) => whole.ofText('m', each).keys[0]));
    expect([keys.size, texts.size]).toEqual([1290, 1290]);
  });

  it('of known tokens come from the tokens', () => {
    const tokenizer = (text: string) => text.split(' ').map((word) => word.length);
    const known = new PromptKeyer({
      blockTokens: 2,
      tokenizerOf: (model) => (model === 'm' ? tokenizer : undefined),
    });
    const text = 'one three seven five six';
    expect(list(known.ofText('m', text))).toEqual(list(keyer.ofTokens('m', [3, 5, 5, 4, 3])));
    expect(known.ofText('m', text).keys).toHaveLength(2);
    expect(list(known.ofText('n', text))).toEqual(keysOf(text, 'n'));
    expect([known.tokensOf('m', text), known.tokensOf('n', text)]).toEqual([5, 6]);
  });

  it('of block ids are as many as the ids and agree as long as they do', () => {
    const one = list(keyer.ofBlockIds('m', [0, 1, 2 ** 40, 3]));
    const other = list(keyer.ofBlockIds('m', [0, 1, 2 ** 40 + 2 ** 32, 3]));
    expect([one.length, commonOf(one, other)]).toEqual([4, 2]);
  });

  it.each([0, -1, 1.5, Number.NaN, 65_537])('refuses a block of %d tokens', (blockTokens) => {
    expect(() => new PromptKeyer({ blockTokens })).toThrow(RangeError);
  });
});
