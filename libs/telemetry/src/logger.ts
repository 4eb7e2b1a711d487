import type { Log } from '@switchyard/domain';
import { type DestinationStream, pino } from 'pino';
import { lineStream } from './line-stream.js';

/** How a process logs. */
export type LoggerOptions = {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** `auto`: JSON unless standard output is a terminal. */
  readonly format: 'auto' | 'json' | 'text';
  readonly service: string;
  readonly instanceId: string;
  /** @default standard output */
  readonly destination?: DestinationStream & { readonly isTTY?: boolean };
};

/** Field names whose values never appear in a log: secrets, and what callers and models wrote. */
const secretFields = [
  'authorization',
  'apiKey',
  'api_key',
  'x-api-key',
  'key',
  'token',
  'password',
  'body',
  'messages',
  'prompt',
  'input',
  'content',
  'headers',
];

/**
 * A structured logger: one line per event, JSON where no person is watching, with secrets removed
 * by name.
 */
export function createLogger(options: LoggerOptions): Log {
  const destination = options.destination ?? process.stdout;
  const isText =
    options.format === 'text' || (options.format === 'auto' && destination.isTTY === true);
  return pino(
    {
      level: options.level,
      base: { service: options.service, instanceId: options.instanceId },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secretFields.flatMap((name) => [`["${name}"]`, `*["${name}"]`]),
        censor: '[redacted]',
      },
    },
    isText ? lineStream(destination) : destination,
  );
}
