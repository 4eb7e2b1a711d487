// What the other scripts share: where the project is, and how a step of it is run.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the root package.json. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The environment with these folders, and then the project's own commands, first on PATH. */
export function environment(more = {}, folders = []) {
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const all = [...folders, join(root, 'node_modules', '.bin'), process.env[key] ?? ''];
  return { ...process.env, [key]: all.join(delimiter), ...more };
}

/** Runs a Node script in the foreground and answers its exit code (1 when a signal ended it). */
export function runNode(args, env = environment()) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  return status ?? 1;
}

/** The file that a package's command starts, so that it runs without a shell on every system. */
export function commandFile(packageName, command = packageName) {
  const folder = join(root, 'node_modules', ...packageName.split('/'));
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[command]);
}

/** True when every package that the lockfile wants here is in node_modules in that version. */
export function isInstalled() {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional, peer, link }]) => {
    const isElsewhere = !path.includes('node_modules/') || optional || peer;
    return isElsewhere || installed[path]?.version === version || (link && installed[path]?.link);
  });
}

/**
 * Installs what the lockfile names, unless it is there; ends the process with npm's code if that
 * fails.
 */
export function install() {
  if (isInstalled()) return;
  console.log('installing packages (npm ci)');
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('.js')
    ? [process.execPath, [npm]]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
  const { status, error } = spawnSync(command, [...args, 'ci', '--ignore-scripts'], {
    cwd: root,
    stdio: 'inherit',
    shell: command.endsWith('.cmd'),
  });
  if (error) console.error(`npm could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs and builds: what `npm start` and `npm test` need first. */
export function prepare() {
  install();
  const code = runNode([join(root, 'scripts', 'build.mjs'), '--quiet']);
  if (code !== 0) process.exit(code);
}
