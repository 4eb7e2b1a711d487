import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Runs a program to its end, without a shell, and returns what it printed.
 *
 * - Rejects when it fails or takes longer than `timeoutMs`; the message ends with the last lines it
 *   wrote.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  { timeoutMs, cwd }: { readonly timeoutMs: number; readonly cwd?: string },
): Promise<string> {
  try {
    const { stdout, stderr } = await run(program, args, {
      timeout: timeoutMs,
      cwd,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout + stderr;
  } catch (caught) {
    throw new Error(describeFailure(program, args, caught), { cause: caught });
  }
}

/**
 * First executable file called `program` in the folders of `searchPath` (the form of PATH),
 * absolute ones only.
 */
export async function findOnPath(
  program: string,
  searchPath: string | undefined,
): Promise<string | undefined> {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  for (const folder of (searchPath ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, program + suffix);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** True where this process may run the file. */
export const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

type ExecFailure = {
  readonly killed?: boolean;
  readonly stderr?: string;
  readonly message: string;
};

function describeFailure(program: string, args: readonly string[], caught: unknown): string {
  const failure = caught as ExecFailure;
  const lastLines = (failure.stderr ?? '').trim().split('\n').slice(-4).join('; ');
  const why = failure.killed === true ? 'took too long' : lastLines || failure.message;
  return `${program} ${args.find((arg) => !arg.startsWith('-')) ?? ''}: ${why}`;
}
