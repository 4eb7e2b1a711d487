import type { DestinationStream } from 'pino';

const colours: Readonly<Record<string, number>> = { debug: 90, info: 36, warn: 33, error: 31 };
const quiet = new Set(['level', 'time', 'service', 'instanceId', 'message']);

/** Turns pino's JSON into lines for a person: time, level, message, then the fields. */
export const lineStream = (destination: DestinationStream): DestinationStream => ({
  write(line: string): void {
    const entry = JSON.parse(line) as Record<string, unknown>;
    const fields = Object.entries(entry)
      .filter(([name]) => !quiet.has(name))
      .map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
    const level = String(entry.level);
    const tinted = `\u001b[${colours[level] ?? 0}m${level.padEnd(5)}\u001b[0m`;
    const at = String(entry.time).slice(11, 19);
    destination.write(`${[at, tinted, entry.service, entry.message, ...fields].join(' ')}\n`);
  },
});
