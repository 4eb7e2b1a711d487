import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const versionMin = [2, 12] as const;
let found: Promise<string> | undefined;

/**
 * Path of a nats-server new enough for the tests: the one named, else one on PATH, else the newest
 * in Switchyard's cache.
 *
 * - The answer is kept for the life of the process.
 * - Rejects with what to do when there is none.
 */
export function findNatsBinary(named?: string): Promise<string> {
  if (named !== undefined) return firstNewEnough([named]);
  found ??= firstNewEnough(['nats-server', ...cachedBinaries()]);
  return found;
}

async function firstNewEnough(candidates: readonly string[]): Promise<string> {
  for (const candidate of candidates) if (await isNewEnough(candidate)) return candidate;
  throw new Error(
    `no nats-server 2.12 or newer for the tests (looked at: ${candidates.join(', ')}); ` +
      'run `node scripts/nats-server.mjs` once, or put one on PATH',
  );
}

async function isNewEnough(binary: string): Promise<boolean> {
  const output = await run(binary, ['--version']).then(
    ({ stdout }) => stdout,
    () => '',
  );
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(output) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) > versionMin[0] || (Number(major) === 2 && Number(minor) >= versionMin[1]);
}

function cachedBinaries(): string[] {
  const folder = join(homedir(), '.cache', 'switchyard', 'nats-server');
  try {
    const versions = readdirSync(folder).filter((name) => /^\d+\.\d+\.\d+$/.test(name));
    versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
    return versions.map((version) => join(folder, version, 'nats-server'));
  } catch {
    return [];
  }
}
