import { LineCounter, isScalar, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import type { ConfigProblem } from './config-error.js';
import { type ConfigFile, fileSchema, notBuiltKeys, notBuiltKinds } from './schema.js';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ReadFile = {
  readonly file: ConfigFile | undefined;
  readonly problems: readonly ConfigProblem[];
};

/** Reads the text of a configuration file; every problem is named with its line. */
export function readYaml(
  text: string,
  name: string,
  env: Environment,
  strategyNames: readonly string[],
): ReadFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: ConfigProblem[] = document.errors.map((error) => ({
    where: `${name}:${lines.linePos(error.pos[0]).line}`,
    key: '(yaml)',
    problem: error.message,
  }));
  if (problems.length > 0) return { file: undefined, problems };
  const lineOf = (path: readonly PropertyKey[]): string => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number] } | undefined;
      if (node?.range) return `${name}:${lines.linePos(node.range[0]).line}`;
    }
    return name;
  };
  visit(document, {
    Scalar: (_key, node) => {
      if (!isScalar(node) || typeof node.value !== 'string') return;
      node.value = expand(node.value, env, (missing) => {
        const line = lines.linePos(node.range?.[0] ?? 0).line;
        const problem = `the environment variable ${missing} is not set; set it or write the value here`;
        problems.push({ where: `${name}:${line}`, key: `\${${missing}}`, problem });
      });
    },
  });
  const parsed = fileSchema(strategyNames).safeParse(document.toJS() ?? {});
  if (!parsed.success)
    problems.push(...parsed.error.issues.flatMap((issue) => toProblems(issue, lineOf)));
  return { file: parsed.success ? parsed.data : undefined, problems };
}

function expand(text: string, env: Environment, tellMissing: (name: string) => void): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => {
    const value = env[name];
    if (value === undefined) tellMissing(name);
    return value ?? whole;
  });
}

function toProblems(
  issue: z.core.$ZodIssue,
  lineOf: (path: readonly PropertyKey[]) => string,
): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      where: lineOf([...issue.path, key]),
      key: [...issue.path, key].join('.'),
      problem: notBuiltKeys.has(key)
        ? 'is not built yet; remove it'
        : 'is no key we know; check its spelling',
    }));
  }
  const key = issue.path.join('.');
  const isKind = issue.path.at(-1) === 'backend_type';
  const problem = isKind
    ? `${issue.message} (${[...notBuiltKinds].join(', ')} are not built yet)`
    : issue.message.replace(/^Invalid input: /, '');
  return [{ where: lineOf(issue.path), key, problem }];
}
