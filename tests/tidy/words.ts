import ts from 'typescript';
import { placeOf, type Source, walk } from './sources.js';

/**
 * Words that docs/GLOSSARY.md replaces, and the word to use. Only whole words inside a name count.
 */
const replaced: Readonly<Record<string, string>> = {
  latency: 'queueWaitMs, ttftMs, tpotMs or durationMs',
  tenant: 'account',
  upstream: 'backend',
  vendor: 'provider',
  cancelled: 'canceled',
  cancelling: 'canceling',
  dlq: 'deadLetter',
  zombie: 'lost',
  stalled: 'lost or expired',
  reservation: 'hold or slot',
  invoice: 'receipt',
  manager: 'what it does',
  helper: 'what it does',
  helpers: 'what it does',
  util: 'what it does',
  utils: 'what it does',
  impl: 'what it is made of',
  misc: 'what it holds',
};

/**
 * Names declared here with a word that the glossary replaces. Names that others chose are only
 * used, never declared.
 */
export function bannedNames(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    const name = declaredName(node);
    if (name === undefined) return;
    for (const word of wordsOf(name)) {
      const better = Object.hasOwn(replaced, word) ? replaced[word] : undefined;
      if (better !== undefined) found.push(`${placeOf(source, node)} "${name}": say ${better}`);
    }
  });
  return found;
}

/** Type declarations named after what they are built from: `BaseService`, `QueueBase`. */
export function baseTypes(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) return;
    const name = node.name?.text ?? '';
    if (/^Base[A-Z]|[a-z]Base$/.test(name)) found.push(`${placeOf(source, node)} "${name}"`);
  });
  return found;
}

function declaredName(node: ts.Node): string | undefined {
  const isDeclaration =
    ts.isVariableDeclaration(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isPropertySignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isMethodDeclaration(node);
  if (!isDeclaration || node.name === undefined || !ts.isIdentifier(node.name)) return undefined;
  return node.name.text;
}

const wordsOf = (name: string): readonly string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_$]+/)
    .map((word) => word.toLowerCase());
