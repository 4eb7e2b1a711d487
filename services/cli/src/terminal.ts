import Table from 'cli-table3';

/** Where a command writes: results to `out`, everything that is told on the way to `note`. */
export type Terminal = {
  readonly isJson: boolean;
  /** True where a person can be asked. */
  readonly isInteractive: boolean;
  /** Text as it is, without a line break added. */
  readonly write: (text: string) => void;
  /** One line of the result. */
  readonly out: (line: string) => void;
  /** One line for people; silent with `--json`. */
  readonly note: (line: string) => void;
  /** Everything on stdin. */
  readonly readInput: () => Promise<string>;
};

/** The terminal of this process. */
export function processTerminal(isJson: boolean): Terminal {
  return {
    isJson,
    isInteractive: !isJson && process.stdin.isTTY && process.stdout.isTTY,
    write: (text) => void process.stdout.write(text),
    out: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => {
      if (!isJson) process.stderr.write(`${line}\n`);
    },
    readInput: async () => {
      if (process.stdin.isTTY) return '';
      const parts: Buffer[] = [];
      for await (const part of process.stdin) parts.push(Buffer.from(part as Buffer));
      return Buffer.concat(parts).toString('utf8');
    },
  };
}

/** A result: JSON where it was asked for, else text for people. */
export function show(terminal: Terminal, value: unknown, text: () => string): void {
  terminal.out(terminal.isJson ? JSON.stringify(value, null, 2) : text());
}

const none = { top: '', bottom: '', left: '', right: '', mid: '', middle: '  ' };
const chars = {
  ...none,
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  'left-mid': '',
  'mid-mid': '',
  'right-mid': '',
};

/** Rows under their headings, without frames, so that lines can be cut and searched. */
export function tableText(headings: readonly string[], rows: readonly (readonly string[])[]) {
  const table = new Table({
    head: headings.map((heading) => heading.toUpperCase()),
    chars,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push(row.map(oneLine));
  return trimLines(table.toString());
}

/** Names and values below each other; what is undefined is left out. */
export function factsText(facts: readonly (readonly [string, string | undefined])[]): string {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`).join('\n');
}

const oneLine = (cell: string): string => printable(cell.replace(/\s*\n\s*/g, ' '));
const trimLines = (text: string): string => text.replace(/[ \t]+$/gm, '');

/** Without control characters, so that no answer of a model can drive the terminal. */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
