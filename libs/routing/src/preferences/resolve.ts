import { isToken } from '@switchyard/domain';
import { noPreferences, type Preferences } from '../job.js';

/**
 * Some preferences: of an account, or of one request. What is not given, or undefined, was not
 * said; a `maxCostPerJobUsdMicros` of null says "no limit".
 */
export type PreferenceWishes = {
  readonly [Name in keyof Preferences]?: Preferences[Name] | undefined;
};

/** A field at fault, and what it must be. */
export type WishFault = { readonly field: string; readonly message: string };

const isCost = (value: unknown): boolean =>
  value === null || (Number.isSafeInteger(value) && (value as number) >= 0);
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const yesOrNo = 'must be true or false';

/** What each preference may be. */
const rules: Readonly<
  Record<keyof Preferences, { readonly allows: (value: unknown) => boolean; readonly must: string }>
> = {
  preferredBackend: { allows: isToken, must: 'must be auto or the id of a backend' },
  maxCostPerJobUsdMicros: { allows: isCost, must: 'must be null or whole USD micros, 0 or more' },
  prioritizeSpeed: { allows: isBoolean, must: yesOrNo },
  allowCloudFallback: { allows: isBoolean, must: yesOrNo },
};
const names = Object.keys(rules) as (keyof Preferences)[];

/**
 * What holds for one request: for each preference the first that said it, the request before its
 * account before the operator.
 *
 * - Nothing said: the operator's own object, so that jobs may share it.
 */
export function resolvePreferences(
  request: PreferenceWishes | undefined,
  account: PreferenceWishes | undefined,
  operator: Preferences = noPreferences,
): Preferences {
  const isSilent = names.every(
    (name) => request?.[name] === undefined && account?.[name] === undefined,
  );
  if (isSilent) return operator;
  return {
    preferredBackend: firstOf('preferredBackend', request, account, operator),
    maxCostPerJobUsdMicros: firstOf('maxCostPerJobUsdMicros', request, account, operator),
    prioritizeSpeed: firstOf('prioritizeSpeed', request, account, operator),
    allowCloudFallback: firstOf('allowCloudFallback', request, account, operator),
  };
}

/** The account's wishes after it said `change`; what `change` does not say stays. */
export const withWishes = (before: PreferenceWishes, change: PreferenceWishes): PreferenceWishes =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = change[name] === undefined ? before[name] : change[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/**
 * The wishes that `value` (from JSON) holds, or every field at fault: unknown names, wrong types,
 * amounts below 0.
 */
export function readWishes(value: unknown): PreferenceWishes | readonly WishFault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ field: '', message: 'must be an object' }];
  }
  const faults: WishFault[] = [];
  const wishes: [string, unknown][] = [];
  for (const [field, given] of Object.entries(value)) {
    if (given === undefined) continue;
    const rule = Object.hasOwn(rules, field) ? rules[field as keyof Preferences] : undefined;
    if (rule === undefined) faults.push({ field, message: `is none of ${names.join(', ')}` });
    else if (!rule.allows(given)) faults.push({ field, message: rule.must });
    else wishes.push([field, given]);
  }
  return faults.length > 0 ? faults : Object.fromEntries(wishes);
}

function firstOf<Name extends keyof Preferences>(
  name: Name,
  request: PreferenceWishes | undefined,
  account: PreferenceWishes | undefined,
  operator: Preferences,
): Preferences[Name] {
  const said = request?.[name] === undefined ? account?.[name] : request[name];
  return said === undefined ? operator[name] : said;
}
