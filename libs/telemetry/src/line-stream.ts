import type { DestinationStream } from 'pino';

const colours: Readonly<Record<string, number>> = { debug: 90, info: 36, warn: 33, error: 31 };
const inFront = new Set(['level', 'time', 'service', 'instanceId', 'message']);

type LoggedError = { readonly message: string; readonly stack?: string };

/**
 * Turns pino's JSON into lines for a person: time (UTC), level, service, message, then the fields;
 * for errors the stack below. Control characters are escaped: a line is a line, and no field can
 * move the cursor.
 */
export const lineStream = (
  destination: DestinationStream,
  isColoured: boolean,
): DestinationStream => ({
  write(line: string): void {
    const entry = JSON.parse(line) as Record<string, unknown>;
    const level = String(entry.level);
    const padded = level.padEnd(5);
    const tinted = isColoured ? `\u001b[${colours[level] ?? 0}m${padded}\u001b[0m` : padded;
    const at = `${String(entry.time).slice(11, 19)}Z`;
    const fields = Object.entries(entry).filter(([name]) => !inFront.has(name));
    const shown = fields.map(([name, value]) => `${plain(name)}=${fieldText(value)}`);
    const stack = level === 'error' ? fields.map(([, value]) => stackOf(value)).join('') : '';
    const head = [at, tinted, plain(String(entry.service)), plain(textOfMessage(entry.message))];
    destination.write(`${[...head, ...shown].join(' ')}\n${stack}`);
  },
});

const isError = (value: unknown): value is LoggedError =>
  typeof value === 'object' && value !== null && 'message' in value && 'type' in value;

function fieldText(value: unknown): string {
  const told = isError(value) ? value.message : value;
  if (typeof told !== 'string') return plain(JSON.stringify(told));
  return /^[^\s"=]+$/.test(told) ? plain(told) : plain(JSON.stringify(told));
}

/** The stack of a logged error, its lines kept. */
const stackOf = (value: unknown): string => {
  const lines = isError(value) && value.stack ? value.stack.split('\n') : [];
  return lines.map((line) => `  ${plain(line)}\n`).join('');
};

/** `text` with control characters as escapes. */
const plain = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });

const textOfMessage = (message: unknown): string => (typeof message === 'string' ? message : '');
