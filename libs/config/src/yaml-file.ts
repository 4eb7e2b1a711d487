import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { ConfigProblem } from './config-error.js';
import type { Environment } from './environment.js';
import { expandVariables } from './expand-variables.js';
import { type KeyPath, keyText } from './key-path.js';
import { showValue } from './show-value.js';

/** The text of a configuration file, as data whose every value can be found again. */
export type YamlFile = {
  /** The content, with variables put in; undefined where the text is no YAML. */
  readonly content: unknown;
  readonly problems: readonly ConfigProblem[];
  /** File and line of the key at `path`, or of the nearest one above it. */
  whereIs(path: KeyPath): string;
  /** The value at `path` as it was written, secrets masked; undefined where there is none. */
  written(path: KeyPath): string | undefined;
  /** True where the value at `path` names a variable that could not be put in. */
  isUnresolved(path: KeyPath): boolean;
};

/** Reads YAML (or JSON, which is YAML), and puts in the variables that it names as `${NAME}`. */
export function readYaml(source: string, fileName: string, env: Environment): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, merge: true });
  const at = (offset: number) => `${fileName}:${lines.linePos(offset).line}`;
  const syntax = syntaxProblems(document, (offset) => lines.linePos(offset).line, source).map(
    ({ line, ...rest }) => ({ where: `${fileName}:${line}`, key: '(yaml)', ...rest }),
  );
  const { originals, misses } = expandVariables(document, env);
  const variables = misses.map(({ path, offset, problem }) => ({
    where: at(offset),
    key: keyText(path),
    problem,
  }));
  const unresolved = new Set(misses.map(({ path }) => keyText(path)));
  const { content, problem } = syntax.length > 0 ? {} : contentOf(document);
  return {
    content,
    problems: [
      ...syntax,
      ...variables,
      ...(problem ? [{ where: fileName, key: '(yaml)', problem }] : []),
    ],
    whereIs: (path) => {
      const offset = offsetOf(document, path);
      return offset === undefined ? fileName : at(offset);
    },
    written: (path) => {
      const node = nodeAt(document, path);
      const value = isNode(node) ? node.toJS(document) : node;
      return originals.get(node) ?? showValue(value, path);
    },
    isUnresolved: (path) => unresolved.has(keyText(path)),
  };
}

/**
 * What the parser says of the text: every double key, and the first of the rest, since one slip
 * makes the parser stumble many times. Without what it quotes of the text, which may be a secret.
 */
function syntaxProblems(
  { errors }: Document.Parsed,
  lineAt: (offset: number) => number,
  source: string,
): readonly { line: number; problem: string; remedy?: string }[] {
  const doubles = errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const first = errors.find(({ code }) => code !== 'DUPLICATE_KEY');
  return [...doubles, ...(first ? [first] : [])].map(({ pos, message }) => {
    const line = lineAt(pos[0]);
    const isVariable = source.split('\n')[line - 1]?.includes('${');
    const remedy = 'between { and } a variable is written in quotes: "${NAME}"';
    const problem = message.replace(/:? ".*/s, '');
    return { line, problem, ...(isVariable ? { remedy } : {}) };
  });
}

/** The document as plain data; a problem where aliases lead nowhere or unfold without end. */
function contentOf(document: Document): { content?: unknown; problem?: string } {
  try {
    return { content: document.toJS() };
  } catch (caught) {
    return { problem: (caught as Error).message };
  }
}

const nodeAt = (document: Document, path: KeyPath): unknown =>
  path.length === 0 ? document.contents : document.getIn(path, true);

/** Where the value at `path` begins, or the nearest above it that stands in the file. */
function offsetOf(document: Document, path: KeyPath): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = nodeAt(document, path.slice(0, length));
    if (isNode(node)) return node.range?.[0];
  }
  return undefined;
}
