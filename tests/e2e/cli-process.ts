import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The built switchyard command. */
export const cliFile = join(root, 'services', 'cli', 'dist', 'main.js');

/** How a command ended, and all that it said. */
type Ran = { readonly code: number; readonly out: string; readonly told: string };

/** Runs the built command to its end. */
export async function runCommand(
  args: readonly string[],
  options: { cwd: string; env: Record<string, string | undefined>; input?: string },
): Promise<Ran> {
  const { cwd, env, input = '' } = options;
  const child = spawn(process.execPath, [cliFile, ...args], { cwd, env });
  let out = '';
  let told = '';
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString();
  });
  child.stderr.on('data', (part: Buffer) => {
    told += part.toString();
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, out, told };
}
