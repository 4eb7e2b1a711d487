import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Environment } from '@switchyard/config';
import { CliError, failedExit, usageExit } from './cli-error.js';

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

const main = fileURLToPath(new URL('../../standalone/dist/main.js', import.meta.url));
/** With this the standalone ends where its configuration cannot be used (sysexits EX_CONFIG). */
const badConfigExit = 78;

/**
 * `switchyard up`: runs a whole Switchyard in the foreground; resolves with the exit code of this
 * command.
 */
export async function runUp(options: UpOptions, env: Environment): Promise<number> {
  if (!existsSync(main)) {
    throw new CliError('Switchyard is not built', { remedy: 'Run "npm run build" first.' });
  }
  const child = spawn(process.execPath, [main, ...upArguments(options)], {
    stdio: 'inherit',
    env: options.json ? { ...env, SWITCHYARD_LOG_FORMAT: 'json' } : { ...env },
  });
  // From a terminal both of us hear Ctrl-C; a second one from here would end the child at once.
  const ignore = () => {};
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  process.on('SIGINT', process.stdin.isTTY ? ignore : forward);
  process.on('SIGTERM', forward);
  process.on('SIGHUP', forward);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (code === badConfigExit) return usageExit;
  return code ?? (signal ? 128 + constants.signals[signal] : failedExit);
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
