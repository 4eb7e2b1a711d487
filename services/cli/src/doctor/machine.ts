import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Config, ConfigError, type Environment, loadConfig } from '@switchyard/config';
import { type Check, failed, note, ok } from './check.js';

const nodeMin = [20, 19] as const;
const configRemedy = 'Correct it; docs/CONFIGURATION.md tells every key and what it may be.';

/** Is this Node new enough? */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const isEnough = major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1]);
  if (isEnough) return ok('Node.js', version);
  return failed('Node.js', `${version} is too old`, `Install ${nodeMin.join('.')} or newer.`);
}

/**
 * Can the configuration be used? One finding for each problem; the configuration where there is
 * none.
 */
export function checkConfig(
  env: Environment,
  cwd: string,
): { readonly checks: readonly Check[]; readonly config: Config | undefined } {
  try {
    const config = loadConfig({ env, cwd });
    const found = config.file ?? 'no switchyard.yaml here, so all at their defaults';
    return { checks: [ok('configuration', found)], config };
  } catch (caught) {
    if (!(caught instanceof ConfigError)) throw caught;
    const checks = caught.problems.map(({ where, key, problem }) =>
      failed('configuration', `${where} ${key}: ${problem}`, configRemedy),
    );
    return { checks, config: undefined };
  }
}

/** Can the data folder, or the folder in which it would be made, be written? */
export async function checkDataDir(dataDir: string): Promise<Check> {
  const name = 'data folder';
  const known = await stat(dataDir).catch(() => undefined);
  if (known && !known.isDirectory()) {
    return failed(name, `${dataDir} is no folder`, 'Choose another with SWITCHYARD_DATA_DIR.');
  }
  const folder = known ? dataDir : await nearest(dataDir);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch {
    const remedy = `Make ${folder} writable, or choose another with SWITCHYARD_DATA_DIR.`;
    return failed(name, `${dataDir} cannot be written`, remedy);
  }
  return known ? ok(name, dataDir) : note(name, `${dataDir} is made at the first start`);
}

async function nearest(folder: string): Promise<string> {
  const parent = dirname(folder);
  if (parent === folder) return folder;
  return (await stat(parent).catch(() => undefined)) ? parent : nearest(parent);
}
