import { type Config, ConfigError, type Environment, loadConfig } from '@switchyard/config';
import { CliError, usageExit } from './cli-error.js';

/** Options that choose a configuration, as `switchyard up` has them. */
export type SettingsOptions = {
  readonly config?: string;
  readonly dataDir?: string;
  readonly natsUrl?: string;
};

/** The environment with what the command line says in place of its variables. */
export const settingsEnv = (env: Environment, options: SettingsOptions): Environment => ({
  ...env,
  ...(options.config === undefined ? {} : { SWITCHYARD_CONFIG: options.config }),
  ...(options.dataDir === undefined ? {} : { SWITCHYARD_DATA_DIR: options.dataDir }),
  ...(options.natsUrl === undefined ? {} : { NATS_URL: options.natsUrl }),
});

/**
 * The configuration that a Switchyard started here would have. Throws CliError naming every
 * problem.
 */
export function readSettings(env: Environment, options: SettingsOptions): Config {
  try {
    return loadConfig({ env: settingsEnv(env, options), cwd: process.cwd() });
  } catch (caught) {
    if (!(caught instanceof ConfigError)) throw caught;
    const said = caught.problems.map(({ where, key, problem }) => `${where} ${key}: ${problem}`);
    throw new CliError(said.join('; '), { code: 'bad_config', exitCode: usageExit });
  }
}
