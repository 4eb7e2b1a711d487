import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Environment } from '@switchyard/config';
import { StartError } from './binaries/start-error.js';

/** What the command line asks for. */
export type Flags =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'start';
      /** Simulated backends only. */
      readonly isDemo: boolean;
      /** The environment, with what the command line says in place of its variables. */
      readonly env: Environment;
    };

/** The flags that stand for a variable of the environment. */
const variables = {
  config: 'SWITCHYARD_CONFIG',
  port: 'SWITCHYARD_HTTP_PORT',
  host: 'SWITCHYARD_HTTP_HOST',
  'data-dir': 'SWITCHYARD_DATA_DIR',
  'nats-url': 'NATS_URL',
} as const;

/** What `--help` prints. */
export const helpText = `Switchyard: one durable door in front of every AI backend.

  npm start -- [flags]          or: switchyard up [flags]

  --demo           simulated backends only, in a data folder of their own
  --config FILE    the configuration                    switchyard.yaml
  --host HOST      where the API listens                127.0.0.1
  --port PORT      its port                             8080, or the next free one
  --data-dir DIR   where everything is kept             .switchyard
  --nats-url URL   a NATS server that runs already      one of our own
  --version        print the version
  --help           print this

Each can be set in the environment as well: docs/CONFIGURATION.md.
`;

/** Reads the command line. Throws StartError naming what is not understood. */
export function readFlags(args: readonly string[], env: Environment): Flags {
  const values = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const said = Object.entries(variables).flatMap(([flag, variable]) => {
    const value = values[flag as keyof typeof variables];
    return value === undefined ? [] : [[variable, value] as const];
  });
  return {
    kind: 'start',
    isDemo: values.demo === true,
    env: { ...env, ...Object.fromEntries(said) },
  };
}

function parse(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        demo: { type: 'boolean' },
        config: text,
        port: text,
        host: text,
        'data-dir': text,
        'nats-url': text,
      },
    }).values;
  } catch (caught) {
    const said = caught instanceof Error ? caught.message : String(caught);
    const known = ['demo', ...Object.keys(variables), 'help', 'version'].map((name) => `--${name}`);
    throw new StartError(`${said}. Known are ${known.join(', ')}.`);
  }
}

/** The demo keeps to itself: its jobs and backends never mix with real ones. */
export const demoFolder = (dataDir: string): string => resolve(dataDir, 'demo');
