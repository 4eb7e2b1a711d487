import ts from 'typescript';
import { placeOf, type Source, walk } from './sources.js';

const linesMax = 60;

/**
 * Functions longer than a screen. Two things are lists and no functions: what a `describe` is
 * given, or a function named so; and an arrow whose whole body is an object, a table with
 * parameters.
 */
export function longFunctions(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    if (!ts.isFunctionLike(node) || !isWithBody(node) || isList(node)) return;
    const first = source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line;
    const last = source.tree.getLineAndCharacterOfPosition(node.end).line;
    const lines = last - first + 1;
    if (lines > linesMax) found.push(`${placeOf(source, node)} a function of ${lines} lines`);
  });
  return found;
}

const isWithBody = (node: ts.SignatureDeclaration): node is ts.FunctionLikeDeclaration =>
  'body' in node && node.body !== undefined;

function isList(node: ts.FunctionLikeDeclaration): boolean {
  if (ts.isArrowFunction(node) && ts.isObjectLiteralExpression(bare(node.body))) return true;
  if (node.name?.getText().startsWith('describe')) return true;
  return (
    ts.isCallExpression(node.parent) &&
    /^describe\b/.test(node.parent.expression.getText()) &&
    node.parent.arguments.includes(node as ts.Expression)
  );
}

/** The expression without the brackets and type words around it. */
function bare(node: ts.Node): ts.Node {
  const isWrapped =
    ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node);
  return isWrapped ? bare(node.expression) : node;
}
