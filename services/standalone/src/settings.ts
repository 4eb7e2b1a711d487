import { parseArgs } from 'node:util';
import type { Environment } from '@switchyard/config';
import { StartError } from './binaries/start-error.js';

/** What the command line may say; it wins over the environment. */
export type Flags = { readonly isDemo: boolean; readonly env: Environment };

/** Reads the command line into the environment it stands for. Throws StartError naming what is not understood. */
export function readFlags(args: readonly string[], env: Environment): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        demo: { type: 'boolean', default: false },
        config: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        'data-dir': { type: 'string' },
      },
    });
    return {
      isDemo: values.demo,
      env: {
        ...env,
        ...(values.config ? { SWITCHYARD_CONFIG: values.config } : {}),
        ...(values.port ? { SWITCHYARD_HTTP_PORT: values.port } : {}),
        ...(values.host ? { SWITCHYARD_HTTP_HOST: values.host } : {}),
        ...(values['data-dir'] ? { SWITCHYARD_DATA_DIR: values['data-dir'] } : {}),
      },
    };
  } catch (caught) {
    const said = caught instanceof Error ? caught.message : String(caught);
    throw new StartError(`${said}. Known are --demo, --config FILE, --port N, --host HOST and --data-dir DIR.`);
  }
}
