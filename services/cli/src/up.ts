import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CliError, usageExit } from './cli-error.js';

/** Flags of `switchyard up`, as the standalone takes them. */
export type UpOptions = {
  readonly demo?: boolean;
  readonly config?: string;
  readonly host?: string;
  readonly port?: string;
  readonly dataDir?: string;
  readonly natsUrl?: string;
  readonly json?: boolean;
};

const main = new URL('../../standalone/dist/main.js', import.meta.url);
/** With this the standalone ends where its configuration cannot be used (sysexits EX_CONFIG). */
const badConfigExit = 78;

/**
 * `switchyard up`: this process becomes a whole Switchyard, as `npm start` does; resolves once it
 * is ready.
 *
 * No child: where a terminal, `timeout` or systemd signals a whole group, a child would hear each
 * signal twice, once from us, and the second one means "leave at once".
 */
export async function runUp(options: UpOptions, env: NodeJS.Dict<string>): Promise<void> {
  if (!existsSync(main)) {
    throw new CliError('Switchyard is not built', { remedy: 'Run "npm run build" first.' });
  }
  process.on('exit', (code) => {
    if (code === badConfigExit) process.exitCode = usageExit;
  });
  if (options.json) env.SWITCHYARD_LOG_FORMAT = 'json';
  process.argv.splice(1, process.argv.length, fileURLToPath(main), ...upArguments(options));
  await import(main.href);
}

/** The options as arguments of the standalone. */
export const upArguments = (options: UpOptions): string[] => [
  ...(options.demo ? ['--demo'] : []),
  ...flag('--config', options.config),
  ...flag('--host', options.host),
  ...flag('--port', options.port),
  ...flag('--data-dir', options.dataDir),
  ...flag('--nats-url', options.natsUrl),
];

const flag = (name: string, value: string | undefined): string[] =>
  value === undefined ? [] : [name, value];
