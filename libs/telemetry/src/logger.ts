import type { Log } from '@switchyard/domain';
import { type DestinationStream, type Logger, pino } from 'pino';
import { lineStream } from './line-stream.js';
import { scrubFields, scrubText } from './scrub.js';
import { traceIdOf } from './traceparent.js';

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

/** A log whose every line may carry more fields, a job's id for example. */
export type ServiceLog = Log & { child(fields: object): ServiceLog };

/**
 * A structured logger: one line per event, JSON where no person is watching. Secrets, and what
 * callers and models wrote, are removed from it by name and by look; a `traceparent` among the
 * fields is logged as `traceId`.
 */
export function createLogger(options: LoggerOptions): ServiceLog {
  const { level, format, service, instanceId } = options;
  const isTerminal = options.destination ? options.destination.isTTY : process.stdout.isTTY;
  // Pino's own destination survives a reader that went away; a plain stdout would end the process.
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true });
  const isText = format === 'text' || (format === 'auto' && isTerminal === true);
  const logger = pino(
    {
      level,
      base: { service, instanceId },
      messageKey: 'message',
      errorKey: 'err',
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (value: unknown) => value },
      formatters: {
        level: (label) => ({ level: label }),
        log: scrubbed,
      },
      hooks: {
        logMethod([fields, message], log) {
          log.call(this, fields, scrubText(typeof message === 'string' ? message : ''));
        },
      },
    },
    isText ? lineStream(destination, isTerminal === true) : destination,
  );
  return toServiceLog(logger);
}

/** Pino does not pass a child's fields through its formatters. */
const toServiceLog = (logger: Logger): ServiceLog => ({
  debug: (fields, message) => logger.debug(fields, message),
  info: (fields, message) => logger.info(fields, message),
  warn: (fields, message) => logger.warn(fields, message),
  error: (fields, message) => logger.error(fields, message),
  child: (fields) => toServiceLog(logger.child(scrubbed(fields))),
});

/** The fields of a line without secrets, and with the trace's id. */
function scrubbed(fields: object): Record<string, unknown> {
  if (!('traceparent' in fields)) return scrubFields(fields);
  const { traceparent, ...rest } = fields;
  const traceId = typeof traceparent === 'string' ? traceIdOf(traceparent) : undefined;
  return scrubFields(traceId === undefined ? rest : { ...rest, traceId });
}
