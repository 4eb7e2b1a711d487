import type { Context } from '../context.js';
import { failedExit } from '../cli-error.js';
import { settingsEnv, type SettingsOptions } from '../settings.js';
import { show } from '../terminal.js';
import { type Check, checksText, skipped } from './check.js';
import { checkGateway } from './gateway.js';
import { checkConfig, checkDataDir, checkNode } from './machine.js';
import { checkNats } from './nats.js';

/**
 * `switchyard doctor`: what is wrong, and how to mend it. Resolves with the exit code; 1 if
 * anything failed.
 */
export async function runDoctor(context: Context, options: SettingsOptions): Promise<number> {
  const { checks: settings, config } = checkConfig(
    settingsEnv(context.env, options),
    process.cwd(),
  );
  const rest: readonly Check[] = config
    ? [await checkDataDir(config.dataDir), ...(await checkNats(config))]
    : [skipped('data folder, NATS', 'the configuration comes first')];
  const gateway = await checkGateway(context.api);
  const checks = [checkNode(process.version), ...settings, ...rest, ...gateway];
  const isWell = checks.every(({ verdict }) => verdict !== 'failed');
  show(context.terminal, { isWell, checks }, () => checksText(checks));
  return isWell ? 0 : failedExit;
}
