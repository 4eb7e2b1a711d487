import ts from 'typescript';
import { type TextFile, walk } from './sources.js';

const columnsMax = 100;
/** A text of this length is worth more in one piece than a short line is. */
const textCharactersMin = 40;

/** Lines longer than a hundred columns, but for those with a text that cannot be broken. */
export function longLines({ path, text }: TextFile): readonly string[] {
  const long = text.split('\n').flatMap((line, at) => {
    const columns = Array.from(line.trimEnd()).length;
    return columns > columnsMax ? [{ at, columns }] : [];
  });
  if (long.length === 0) return [];
  const texts = path.endsWith('.proto') ? new Set<number>() : linesWithTexts({ path, text });
  return long
    .filter(({ at }) => !texts.has(at))
    .map(({ at, columns }) => `${path}:${at + 1} has ${columns} columns`);
}

function linesWithTexts({ path, text }: TextFile): ReadonlySet<number> {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const lines = new Set<number>();
  walk(tree, (node) => {
    const isText =
      ts.isStringLiteral(node) ||
      ts.isTemplateLiteral(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node) ||
      node.kind === ts.SyntaxKind.RegularExpressionLiteral;
    if (!isText || node.getWidth(tree) < textCharactersMin) return;
    const first = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line;
    const last = tree.getLineAndCharacterOfPosition(node.end).line;
    for (let line = first; line <= last; line += 1) lines.add(line);
  });
  return lines;
}
