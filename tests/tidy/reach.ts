import ts from 'typescript';
import { placeOf, type Source, walk } from './sources.js';

/** What a pure room must be given as an argument. */
const impure = /^(Date\.now|Math\.random|performance\.now|process\.|crypto\.|globalThis\.)/;
const impureCalls = /^(setTimeout|setInterval|setImmediate|queueMicrotask|fetch|require)$/;
/** First tokens of our subjects, followed by a second one. */
const subject = new RegExp(
  '^(jobs|dispatch|state|results|stream|events|dead|heartbeat|inflight|slot|cancel|rpc|alerts' +
    '|ledger)\\.([a-z]+\\.|[*>]|$)',
);

/** Reads of the clock, of randomness or of the machine; timers and console are no better. */
export function impureUses(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    const text = ts.isPropertyAccessExpression(node) ? node.getText() : '';
    const isClock = ts.isNewExpression(node) && node.getText() === 'new Date()';
    const isCall = ts.isCallExpression(node) && impureCalls.test(node.expression.getText());
    if (isClock || isCall || impure.test(text) || text.startsWith('console.')) {
      found.push(`${placeOf(source, node)} ${node.getText().split('\n')[0]}`);
    }
  });
  return found;
}

/** Reads of the environment. */
export function environmentReads(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    const isRead = ts.isPropertyAccessExpression(node) && node.getText() === 'process.env';
    if (isRead) found.push(placeOf(source, node));
  });
  return found;
}

/** Subjects spelled outside libs/contracts. */
export function straySubjects(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    const isText = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node);
    if (!isText && !ts.isTemplateHead(node)) return;
    if (subject.test(node.text)) found.push(`${placeOf(source, node)} ${node.getText()}`);
  });
  return found;
}

/** TypeScript and Nest features that this project does without. */
export function unwantedFeatures(source: Source): readonly string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    if (ts.isEnumDeclaration(node)) found.push(`${placeOf(source, node)} enum: use as const`);
    if (ts.isIdentifier(node) && node.text === 'forwardRef') {
      found.push(`${placeOf(source, node)} forwardRef: break the cycle`);
    }
    if (ts.isCallExpression(node) && node.expression.getText() === 'jest.mock') {
      found.push(`${placeOf(source, node)} jest.mock: write a fake of what we own`);
    }
    if (
      /^(it|test|describe)\.only$/.test(ts.isPropertyAccessExpression(node) ? node.getText() : '')
    ) {
      found.push(`${placeOf(source, node)} only: the other tests are not run`);
    }
  });
  return found;
}
