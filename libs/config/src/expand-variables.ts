import { type Document, isMap, isPair, isScalar, isSeq, visit } from 'yaml';
import type { Environment } from './environment.js';
import type { KeyPath } from './key-path.js';

/** A key or value that cannot be used as it is written. */
type Miss = { readonly path: KeyPath; readonly offset: number; readonly problem: string };

/** What expansion did to a document. */
export type Expansion = {
  /** The text that stood at a node before, by node: what may be shown, unlike what was put in. */
  readonly originals: ReadonlyMap<unknown, string>;
  readonly misses: readonly Miss[];
};

/** Puts variables of the environment in for `${NAME}`, in every text of the document, in place. */
export function expandVariables(document: Document, env: Environment): Expansion {
  const originals = new Map<unknown, string>();
  const misses: Miss[] = [];
  visit(document, {
    Scalar: (key, node, ancestors) => {
      const path = pathOf([...ancestors, node]);
      const offset = node.range?.[0] ?? 0;
      // JavaScript would take it as something else, and the entry would be lost without a word.
      if (key === 'key' && node.value === '__proto__') {
        misses.push({ path, offset, problem: 'is not allowed as a name' });
      }
      if (typeof node.value !== 'string' || !node.value.includes('${')) return;
      originals.set(node, node.value);
      node.value = node.value.replaceAll(/\$\{([^}]*)\}?/g, (whole, name: string) => {
        const problem = problemOf(whole, name, env);
        if (problem === undefined) return env[name] ?? '';
        misses.push({ path, offset, problem });
        return whole;
      });
    },
  });
  return { originals, misses };
}

function problemOf(whole: string, name: string, env: Environment): string | undefined {
  if (!whole.endsWith('}') || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return `${whole} is no variable; only \${NAME} is understood, of letters, digits and "_"`;
  }
  const unset = `the environment variable ${name} is not set; set it or write the value here`;
  return env[name] === undefined ? unset : undefined;
}

/** The keys and indices on the way down through `nodes`. */
const pathOf = (nodes: readonly unknown[]): KeyPath =>
  nodes.flatMap((node, at): PropertyKey[] => {
    const parent = nodes[at - 1];
    if (isSeq(parent)) return [parent.items.indexOf(node)];
    if (!isPair(node) || !isMap(parent)) return [];
    return [isScalar(node.key) ? String(node.key.value) : String(node.key)];
  });
