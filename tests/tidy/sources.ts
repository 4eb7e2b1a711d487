import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** One tracked text file. */
export type TextFile = { readonly path: string; readonly text: string };

/** One TypeScript file with its syntax tree. */
export type Source = TextFile & { readonly tree: ts.SourceFile };

const binary = /\.(png|ico|woff2|bin|gz|gguf|db|binpb)$/;

/** Every text file that git tracks or would track, as it is on disk now. */
export function trackedFiles(): readonly TextFile[] {
  const list = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard']);
  const paths = [...new Set(list.toString().split('\0'))].filter(
    (path) => path !== '' && !binary.test(path) && existsSync(path),
  );
  return paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

/** Of those, the TypeScript that people write. */
export function sourcesOf(files: readonly TextFile[]): readonly Source[] {
  return files
    .filter(({ path }) => path.endsWith('.ts') && !path.includes('/generated/'))
    .map((file) => ({
      ...file,
      tree: ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true),
    }));
}

/** True for a test, and for what only tests use. */
export const isTest = (path: string): boolean =>
  /\.test\.ts$|^tests\/|\/testing\/|\/conformance/.test(path);

/** Calls `visit` for every node of the tree. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** "file:line", as editors open it. */
export function placeOf({ path, tree }: Source, node: ts.Node): string {
  return `${path}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`;
}
