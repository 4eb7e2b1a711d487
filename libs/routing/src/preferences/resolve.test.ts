import * as fc from 'fast-check';
import { noPreferences, type Preferences } from '../job.js';
import { type PreferenceWishes, readWishes, resolvePreferences, withWishes } from './resolve.js';

const operator: Preferences = {
  preferredBackend: 'house',
  maxCostPerJobUsdMicros: 500,
  prioritizeSpeed: true,
  allowCloudFallback: true,
};

const wishes: fc.Arbitrary<PreferenceWishes> = fc.record(
  {
    preferredBackend: fc.constantFrom('auto', 'local', undefined),
    maxCostPerJobUsdMicros: fc.constantFrom(null, 0, 7000, undefined),
    prioritizeSpeed: fc.constantFrom(true, false, undefined),
    allowCloudFallback: fc.constantFrom(true, false, undefined),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<PreferenceWishes>;

describe('what holds for a request', () => {
  it.each<
    [string, PreferenceWishes | undefined, PreferenceWishes | undefined, Partial<Preferences>]
  >([
    ['nobody says anything', undefined, undefined, {}],
    ['both say nothing', {}, {}, {}],
    ['the account says it', undefined, { prioritizeSpeed: false }, { prioritizeSpeed: false }],
    ['the request says it', { preferredBackend: 'a' }, undefined, { preferredBackend: 'a' }],
    ['both do', { preferredBackend: 'a' }, { preferredBackend: 'b' }, { preferredBackend: 'a' }],
    [
      'each says something else',
      { preferredBackend: 'a' },
      { allowCloudFallback: false },
      { preferredBackend: 'a', allowCloudFallback: false },
    ],
    [
      'auto is said',
      { preferredBackend: 'auto' },
      { preferredBackend: 'b' },
      { preferredBackend: 'auto' },
    ],
    [
      'no limit is said',
      { maxCostPerJobUsdMicros: null },
      { maxCostPerJobUsdMicros: 7 },
      { maxCostPerJobUsdMicros: null },
    ],
    ['a limit of 0 is said', { maxCostPerJobUsdMicros: 0 }, {}, { maxCostPerJobUsdMicros: 0 }],
    ['false is said', { allowCloudFallback: false }, {}, { allowCloudFallback: false }],
    [
      'undefined is nothing',
      { prioritizeSpeed: undefined },
      { prioritizeSpeed: false },
      { prioritizeSpeed: false },
    ],
  ])('where %s', (_, request, account, expected) => {
    expect(resolvePreferences(request, account, operator)).toEqual({ ...operator, ...expected });
  });

  it("is the operator's own object where nobody says anything", () => {
    expect(resolvePreferences({}, undefined, operator)).toBe(operator);
    expect(resolvePreferences(undefined, undefined)).toBe(noPreferences);
  });

  it('is for each preference what the first said who said it', () => {
    fc.assert(
      fc.property(wishes, wishes, (request, account) => {
        const got = resolvePreferences(request, account, operator);
        for (const name of Object.keys(operator) as (keyof Preferences)[]) {
          const said = [request[name], account[name], operator[name]];
          expect(got[name]).toBe(said.find((value) => value !== undefined));
        }
      }),
    );
  });

  it('does not depend on whether the account said things at once or one after the other', () => {
    fc.assert(
      fc.property(wishes, wishes, wishes, (before, change, request) => {
        const stepwise = resolvePreferences(
          request,
          withWishes(before, change),
          resolvePreferences(undefined, before, operator),
        );
        expect(resolvePreferences(request, withWishes(before, change), operator)).toEqual(stepwise);
      }),
    );
  });
});

describe('wishes from JSON', () => {
  it.each([
    [{}],
    [{ preferredBackend: 'auto' }],
    [{ maxCostPerJobUsdMicros: null }],
    [{ maxCostPerJobUsdMicros: 0, prioritizeSpeed: true, allowCloudFallback: false }],
  ])('%j are taken as they are', (value) => {
    expect(readWishes(value)).toEqual(value);
  });

  it.each<[unknown, readonly string[]]>([
    [null, ['']],
    ['auto', ['']],
    [[], ['']],
    [{ preferredBackend: 'a.b' }, ['preferredBackend']],
    [{ preferredBackend: null }, ['preferredBackend']],
    [{ maxCostPerJobUsdMicros: -1 }, ['maxCostPerJobUsdMicros']],
    [{ maxCostPerJobUsdMicros: 0.5 }, ['maxCostPerJobUsdMicros']],
    [{ maxCostPerJobUsdMicros: '7' }, ['maxCostPerJobUsdMicros']],
    [{ prioritizeSpeed: 1, allowCloudFallback: 'no' }, ['prioritizeSpeed', 'allowCloudFallback']],
    [{ maxCost: 1 }, ['maxCost']],
    [JSON.parse('{"__proto__": {"prioritizeSpeed": true}}'), ['__proto__']],
    [{ constructor: 1 }, ['constructor']],
  ])('%j are refused, every field at fault named', (value, fields) => {
    const faults = readWishes(value) as readonly { readonly field: string }[];
    expect(faults.map(({ field }) => field)).toEqual(fields);
  });

  it('are what was said, after they were changed and read again', () => {
    fc.assert(
      fc.property(wishes, wishes, (before, change) => {
        const stored = withWishes(before, change);
        expect(readWishes(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
      }),
    );
  });
});
