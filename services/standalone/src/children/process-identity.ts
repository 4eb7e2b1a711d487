import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One process, told apart from a later one that was given the same number. */
export type ProcessIdentity = {
  readonly pid: number;
  /** When it started, as the system spells it; empty where the system does not say. */
  readonly startedAt: string;
  /** The machine's boot and process namespace: numbers of another one mean nothing here. */
  readonly where: string;
};

/**
 * Who the process with this number is now; undefined if there is none, or only its remains wait to
 * be collected.
 */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !mayExist(pid)) return undefined;
  const where = await processNamespace();
  if (process.platform === 'linux') {
    const stat = await linuxStat(pid);
    return stat === undefined ? undefined : { pid, startedAt: stat.startedAt, where };
  }
  return { pid, startedAt: await psColumn(pid, 'lstart='), where };
}

/** True while that very process runs: same number, and same start where both are known. */
export async function isAlive(known: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(known.pid);
  if (now === undefined) return false;
  return now.startedAt === '' || known.startedAt === '' || now.startedAt === known.startedAt;
}

/** The command line of a process, words separated by blanks; empty where it cannot be read. */
export async function commandLine(pid: number): Promise<string> {
  if (process.platform !== 'linux') return psColumn(pid, 'command=');
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return raw.replaceAll('\0', ' ').trim();
}

/**
 * Names the boot and process namespace of this machine, so that two containers on one volume are
 * told apart.
 */
async function processNamespace(): Promise<string> {
  if (process.platform !== 'linux') return process.platform;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${boot.trim()} ${namespace}`;
}

function mayExist(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (caught) {
    return (caught as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Field 22 of stat is the start in clock ticks since boot; the name in parentheses may itself hold
 * blanks.
 */
async function linuxStat(pid: number): Promise<{ startedAt: string } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startedAt = fields[18];
  return startedAt === undefined || state === 'Z' || state === 'X' ? undefined : { startedAt };
}

async function psColumn(pid: number, column: string): Promise<string> {
  if (process.platform === 'win32') return '';
  return run('ps', ['-o', column, '-p', String(pid)]).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
}
