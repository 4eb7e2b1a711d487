import ts from 'typescript';
import { isTest, placeOf, type Source, walk } from './sources.js';

const linesMax = 60;

/**
 * Functions longer than a screen.
 *
 * - An arrow whose whole body is an object is a table with parameters, and no function.
 * - What a `describe` is given, or a function named so, is a list of tests, and no function.
 * - In tests, where fixtures hold functions, those inside count for themselves only.
 */
export function longFunctions(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    if (!ts.isFunctionLike(node) || !hasBody(node) || isTable(node) || isSuite(node)) return;
    const inside = isTest(source.path) ? linesInside(node, source) : 0;
    const lines = linesOf(node, source) - inside;
    if (lines > linesMax) found.push(`${placeOf(source, node)} a function of ${lines} lines`);
  });
  return found;
}

const hasBody = (node: ts.SignatureDeclaration): node is ts.FunctionLikeDeclaration =>
  'body' in node && node.body !== undefined;

const isTable = (node: ts.FunctionLikeDeclaration): boolean =>
  ts.isArrowFunction(node) && ts.isObjectLiteralExpression(bare(node.body));

const isSuite = (node: ts.FunctionLikeDeclaration): boolean =>
  node.name?.getText().startsWith('describe') === true ||
  (ts.isCallExpression(node.parent) && /\bdescribe\b/.test(node.parent.expression.getText()));

/** The expression without the brackets and type words around it. */
function bare(node: ts.Node): ts.Node {
  const isWrapped =
    ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node);
  return isWrapped ? bare(node.expression) : node;
}

function linesOf(node: ts.Node, { tree }: Source): number {
  const first = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line;
  return tree.getLineAndCharacterOfPosition(node.end).line - first + 1;
}

/** Lines of the outermost functions inside of one. */
function linesInside(node: ts.Node, source: Source): number {
  let lines = 0;
  ts.forEachChild(node, (child) => {
    lines += ts.isFunctionLike(child) ? linesOf(child, source) - 1 : linesInside(child, source);
  });
  return lines;
}
