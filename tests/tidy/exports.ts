import ts from 'typescript';
import { placeOf, type Source } from './sources.js';

/**
 * Exported declarations without a sentence saying what they are. Re-exports have theirs where they
 * are declared.
 *
 * - Statements that follow each other without an empty line share the first one's sentence.
 * - A type that only names the values of a constant shares that one's.
 */
export function undocumentedExports(source: Source): readonly string[] {
  const { statements } = source.tree;
  return statements
    .filter((statement, at) => isExported(statement) && !isDocumented(statements, at, source))
    .map((statement) => placeOf(source, statement));
}

function isExported(statement: ts.Statement): boolean {
  if (!ts.canHaveModifiers(statement)) return false;
  return (
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false
  );
}

function isDocumented(
  statements: readonly ts.Statement[],
  at: number,
  { tree, text }: Source,
): boolean {
  const statement = statements[at];
  if (statement === undefined) return false;
  const comments = ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? [];
  if (comments.some(({ pos }) => text.startsWith('/**', pos))) return true;
  const gap = text.slice(statement.getFullStart(), statement.getStart(tree));
  if (!gap.includes('\n\n') && comments.length === 0) {
    return isDocumented(statements, at - 1, { tree, text, path: tree.fileName });
  }
  if (!ts.isTypeAliasDeclaration(statement)) return false;
  return statements.some(
    (other) =>
      ts.isVariableStatement(other) &&
      other.declarationList.declarations.some(({ name }) => name.getText() === statement.name.text),
  );
}
