import ts from 'typescript';
import { placeOf, type Source } from './sources.js';

/**
 * Exported declarations without a sentence saying what they are. Re-exports have theirs where they
 * are declared.
 */
export function undocumentedExports(source: Source): readonly string[] {
  return source.tree.statements
    .filter((statement) => isExported(statement) && !isDocumented(statement, source))
    .map((statement) => placeOf(source, statement));
}

function isExported(statement: ts.Statement): boolean {
  if (!ts.canHaveModifiers(statement)) return false;
  return (
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false
  );
}

/** A type that only names the values of the constant above it shares that one's sentence. */
function isDocumented(statement: ts.Statement, { tree, text }: Source): boolean {
  const comments = ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? [];
  if (comments.some(({ pos }) => text.startsWith('/**', pos))) return true;
  if (!ts.isTypeAliasDeclaration(statement)) return false;
  return tree.statements.some(
    (other) =>
      ts.isVariableStatement(other) &&
      other.declarationList.declarations.some(({ name }) => name.getText() === statement.name.text),
  );
}
