import { factsText, printable, tableText } from './terminal.js';

describe('tables', () => {
  it('have headings, no frames, and one line for each row', () => {
    const text = tableText(
      ['id', 'notes'],
      [
        ['a', 'first\nsecond'],
        ['longer', ''],
      ],
    );
    expect(text).toBe('ID      NOTES\na       first second\nlonger');
  });

  it('let no control characters through', () => {
    expect(tableText(['id'], [['a\u001b[2Jb']])).toBe('ID\na[2Jb');
  });
});

it('facts stand below each other; those unknown are left out', () => {
  expect(
    factsText([
      ['job', 'a'],
      ['model', undefined],
      ['status', 'running'],
    ]),
  ).toBe('job     a\nstatus  running');
});

it.each([
  ['line breaks and tabs stay', 'a\n\tb', 'a\n\tb'],
  ['escape sequences do not', '\u001b]0;title\u0007x', ']0;titlex'],
  ['nor do C1 controls', 'a\u009b31mb', 'a31mb'],
  ['other scripts stay', '日本 naïve', '日本 naïve'],
])('%s', (_name, text, shown) => {
  expect(printable(text)).toBe(shown);
});
