import type { z } from 'zod';
import { closestWord } from './closest-word.js';
import type { ConfigProblem } from './config-error.js';
import { notBuiltKeys, notBuiltPools } from './not-built.js';
import { type KeyPath, keyText } from './key-path.js';
import type { YamlFile } from './yaml-file.js';

/** What validation found in a file, in words, in the order of the file's lines. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  file: YamlFile,
  schema: z.ZodType,
): readonly ConfigProblem[] {
  return issues.flatMap((issue) => {
    const { path } = issue;
    // Told already: its variable is not there.
    if (file.isUnresolved(path)) return [];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        where: file.whereIs([...path, key]),
        key: keyText([...path, key]),
        ...unknownKey(key, path, schema),
      }));
    }
    const value = file.written(path);
    const message = messageOf(issue);
    const isMissing = value === undefined && path.length > 0;
    const problem = isMissing ? `is missing; it ${message}` : message;
    const isKey = issue.code === 'invalid_key';
    return [
      {
        where: file.whereIs(path),
        key: keyText(path),
        problem: isKey ? `the name ${message}` : problem,
        ...(isMissing || isKey ? {} : { value }),
      },
    ];
  });
}

function unknownKey(
  key: string,
  path: KeyPath,
  schema: z.ZodType,
): Pick<ConfigProblem, 'problem' | 'remedy'> {
  const isPool = path.length === 1 && path[0] === 'pools' && notBuiltPools.has(key);
  const instead = Object.hasOwn(notBuiltKeys, key) ? notBuiltKeys[key] : undefined;
  if (isPool || instead !== undefined) {
    return { problem: 'is not built yet', remedy: instead || 'remove it' };
  }
  const known = keysAt(schema, path);
  const meant = closestWord(key, known);
  const remedy = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
  return { problem: 'is no key we know', remedy };
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? 'is not allowed';
  if (issue.code !== 'invalid_type') return issue.message;
  // Those with a message of their own say "must"; the rest is the shape of the file itself.
  if (issue.message.startsWith('must')) return issue.message;
  return issue.expected === 'array' ? 'must be a list' : 'must be a mapping of keys to values';
}

/** The keys that the schema knows in the mapping at `path`. */
function keysAt(schema: z.ZodType, path: KeyPath): readonly string[] {
  const found = path.reduce<unknown>((at, part) => {
    const inner = unwrapped(at);
    if (inner?.type === 'object') return inner.shape?.[String(part)];
    return inner?.type === 'record' ? inner.valueType : inner?.element;
  }, schema);
  return Object.keys(unwrapped(found)?.shape ?? {});
}

type Definition = {
  readonly type: string;
  readonly in?: unknown;
  readonly innerType?: unknown;
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly valueType?: unknown;
  readonly element?: unknown;
};

/** The definition of a schema without what is wrapped around it: defaults, optional, transforms. */
function unwrapped(schema: unknown): Definition | undefined {
  const definition = (schema as z.ZodType | undefined)?.def as Definition | undefined;
  const inner = definition?.innerType ?? definition?.in;
  return inner === undefined ? definition : unwrapped(inner);
}
