import fc from 'fast-check';
import { PromptKeyer } from './keys.js';
import { prefillMsOf } from './prefill.js';
import { PrefixView, type PrefixViewOptions } from './view.js';

const keyer = new PromptKeyer();
/** A prompt of one letter for each block. */
const prompt = (blocks: string, model = 'm') =>
  keyer.ofText(
    model,
    Array.from(blocks)
      .map((letter) => letter.repeat(2000))
      .join(''),
  );

const viewOf = (served: readonly (readonly [string, string])[], options?: PrefixViewOptions) => {
  const view = new PrefixView(options);
  for (const [backendId, blocks] of served) view.served(backendId, prompt(blocks));
  return view;
};

describe('the prefix view', () => {
  it.each([
    // served before                                    asked     hits
    [[], 'abcd', {}],
    [[['A', 'abc']], 'abcd', { A: 1500 }],
    [[['A', 'abc']], 'abc', { A: 1500 }],
    [
      [
        ['A', 'abcd'],
        ['B', 'ab'],
      ],
      'abcd',
      { A: 2000, B: 1000 },
    ],
    [[['A', 'abcd']], 'abxd', { A: 1000 }],
    [[['A', 'abcd']], 'xbcd', {}],
    [[['A', 'abcd']], '', {}],
    [[['A', '']], 'abcd', {}],
  ] as const)('after %j a prompt %s finds %j', (served, asked, hits) => {
    expect(viewOf(served).hitTokens(prompt(asked))).toEqual(hits);
  });

  it('counts three leading blocks of 500 as 1500 of 2000 tokens: 950 ms against 2000 ms', () => {
    const view = viewOf([['A', 'abc']]);
    const asked = prompt('abcd');
    const prefillMs = ['A', 'B'].map((backendId) =>
      prefillMsOf({
        inputTokens: 2000,
        hitTokens: view.hitTokensAt(backendId, asked),
        prefillMsPerToken: 1,
      }),
    );
    expect(prefillMs).toEqual([950, 2000]);
  });

  it.each([
    // mode              times   registered   tokens of `abcd` found
    ['NONE', 5, 'abcd', 0],
    ['LOCAL_DYNAMIC', 1, '', 2000],
    ['LOCAL_STATIC', 2, '', 0],
    ['LOCAL_STATIC', 3, '', 2000],
    ['LOCAL_STATIC', 1, 'ab', 1000],
    ['LOCAL_STATIC', 3, 'ab', 2000],
  ] as const)('%s, served %i times, "%s" registered: %i', (mode, times, registered, found) => {
    const view = new PrefixView({ mode });
    view.register(prompt(registered));
    for (let time = 0; time < times; time += 1) view.served('A', prompt('abcd'));
    expect(view.hitTokensAt('A', prompt('abcd'))).toBe(found);
  });

  it('LOCAL_STATIC finds the beginning that three prompts share', () => {
    const view = viewOf(
      [
        ['A', 'sx'],
        ['B', 'sy'],
        ['A', 'sz'],
      ],
      { mode: 'LOCAL_STATIC' },
    );
    expect(view.hitTokens(prompt('sx'))).toEqual({ A: 500 });
  });

  it.each([
    // cache tokens     served                 asked    found
    [1500, ['abc', 'xy'], 'abc', 500],
    [1500, ['abc', 'xy'], 'xy', 1000],
    [1500, ['abc', 'x', 'abc'], 'abc', 1500],
    [1500, ['abcdef'], 'abcdef', 1500],
    [1999, ['abcdef'], 'abcdef', 1500],
    [0, ['abc'], 'abc', 500],
    [Number.NaN, ['abc'], 'abc', 500],
    [Infinity, ['abc'], 'abc', 1500],
  ] as const)('a cache of %d tokens after %j has of %s %i', (cacheTokens, served, asked, found) => {
    const view = new PrefixView();
    view.setCacheTokens('A', cacheTokens);
    for (const blocks of served) view.served('A', prompt(blocks));
    expect(view.hitTokensAt('A', prompt(asked))).toBe(found);
  });

  it('a cache that turns out smaller loses what was used longest ago', () => {
    const view = viewOf([
      ['A', 'abc'],
      ['A', 'xy'],
    ]);
    view.setCacheTokens('A', 1500);
    expect([prompt('abc'), prompt('xy')].map((each) => view.hitTokensAt('A', each))).toEqual([
      500, 1000,
    ]);
    view.setCacheTokens('A', null);
    view.served('A', prompt('abc'));
    expect(view.hitTokensAt('A', prompt('abc'))).toBe(1500);
  });

  it('forgets a model that was unloaded, and everything of a backend that restarted', () => {
    const view = viewOf([
      ['A', 'ab'],
      ['B', 'ab'],
    ]);
    view.served('A', prompt('ab', 'other'));
    view.forget('A', 'm');
    expect(view.hitTokens(prompt('ab'))).toEqual({ B: 1000 });
    expect(view.hitTokens(prompt('ab', 'other'))).toEqual({ A: 1000 });
    view.forget('A');
    view.forget('nobody');
    expect(view.hitTokens(prompt('ab', 'other'))).toEqual({});
  });

  it('remembers the size of a cache through a restart, not of a backend that is no more', () => {
    const view = new PrefixView();
    const foundAfter = (change: () => void) => {
      change();
      view.served('A', prompt('abc'));
      return view.hitTokensAt('A', prompt('abc'));
    };
    expect([
      foundAfter(() => view.setCacheTokens('A', 1000)),
      foundAfter(() => view.forget('A')),
      foundAfter(() => view.remove('A')),
    ]).toEqual([1000, 1000, 1500]);
  });

  it('takes the word of a backend that reports its blocks', () => {
    const view = viewOf([['A', 'abcd']]);
    view.served('A', prompt('ab', 'other'));
    view.replace('A', prompt('ab'));
    expect(view.hitTokens(prompt('abcd'))).toEqual({ A: 1000 });
    expect(view.hitTokens(prompt('ab', 'other'))).toEqual({ A: 1000 });
    const { keys } = prompt('abcd');
    view.report('A', {
      model: 'm',
      stored: [keys[2] as number, Number.NaN, 0.5],
      dropped: [keys[1] as number, 7],
    });
    expect(view.hitTokens(prompt('abcd'))).toEqual({ A: 500 });
    view.report('A', { model: 'm', stored: [keys[1] as number], dropped: [] });
    expect(view.hitTokens(prompt('abcd'))).toEqual({ A: 1500 });
  });

  it('stays within its memory, whatever is served', () => {
    const view = new PrefixView({ blockTokens: 1, defaultBlocks: 200 });
    const ones = new PromptKeyer({ blockTokens: 1 });
    for (let at = 0; at < 2000; at += 1) {
      view.served(`backend-${at % 16}`, ones.ofBlockIds(`model-${at}`, [at, at + 1, at + 2]));
    }
    expect(view.sizeBytes).toBeLessThanOrEqual(16 * 200 * 40);
  });

  it('finds what a plain list of prompts in order of use would', () => {
    const blocks = fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'b') });
    const ask = fc.record({ backendId: fc.constantFrom('A', 'B'), blocks });
    fc.assert(
      fc.property(
        fc.array(ask, { maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        (asks, most) => {
          const view = new PrefixView({ defaultBlocks: most });
          const plain: Record<string, string[]> = { A: [], B: [] };
          for (const { backendId, blocks: text } of asks) {
            expect(view.hitTokensAt(backendId, prompt(text))).toBe(
              500 * hitIn(plain, backendId, text),
            );
            view.served(backendId, prompt(text));
            // A block is known by the text up to its end: the newest at the end of the list.
            const used = Array.from(text)
              .map((_, at) => text.slice(0, at + 1))
              .slice(0, most)
              .toReversed();
            const kept = (plain[backendId] as string[]).filter((each) => !used.includes(each));
            plain[backendId] = [...kept, ...used].slice(-most);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

function hitIn(plain: Record<string, string[]>, backendId: string, text: string): number {
  const has = (count: number) => (plain[backendId] as string[]).includes(text.slice(0, count));
  let count = 0;
  while (count < text.length && has(count + 1)) count += 1;
  return count;
}

describe('what a view hands on', () => {
  it('finds the same, forgets the same models, and drops the same blocks', () => {
    const view = viewOf([
      ['A', 'abcd'],
      ['B', 'ab'],
    ]);
    view.served('A', prompt('wxyz', 'other'));
    const next = viewOf([['C', 'abc']]);
    expect(next.restore(view.state())).toBe(true);
    expect(next.hitTokens(prompt('abcd'))).toEqual({ A: 2000, B: 1000, C: 1500 });
    for (const each of [view, next]) {
      each.served('A', prompt('ab'));
      each.setCacheTokens('A', 1000);
    }
    for (const asked of [prompt('abcd'), prompt('wxyz', 'other')]) {
      expect(next.hitTokensAt('A', asked)).toBe(view.hitTokensAt('A', asked));
    }
    next.forget('A', 'm');
    expect(next.hitTokensAt('A', prompt('ab'))).toBe(0);
  });

  it('has the newest blocks of each cache where there are too many', () => {
    const view = new PrefixView({ defaultBlocks: 262_144 });
    for (let at = 0; at < 3; at += 1) {
      const stored = Float64Array.from({ length: 100_000 }, (_, block) => block + at * 1e6);
      view.report(`b${at}`, { model: 'm', stored, dropped: [] });
    }
    const { caches } = view.state();
    expect(caches.map(({ keys }) => [keys.length, keys.at(-1)])).toEqual([
      [87_381, 99_999],
      [87_381, 1_099_999],
      [87_381, 2_099_999],
    ]);
  });

  it('is refused where keys are made otherwise, or nothing is followed', () => {
    const state = viewOf([['A', 'abcd']]).state();
    for (const other of [
      { ...state, scheme: state.scheme + 1 },
      { ...state, blockTokens: 250 },
    ]) {
      const view = viewOf([['A', 'ab']]);
      expect([view.restore(other), view.hitTokens(prompt('abcd'))]).toEqual([false, { A: 1000 }]);
    }
    expect(new PrefixView({ mode: 'NONE' }).restore(state)).toBe(false);
  });
});
