import { mkdir, readFile, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { createExclusively, replaceFile } from './exclusive-file.js';
import { type ProcessIdentity, identifyProcess, isAlive } from './process-identity.js';

/**
 * How often an owner freshens its record, and how old one of another machine must be before its
 * owner counts as gone.
 */
const freshenEveryMs = 10_000;
const foreignStaleAfterMs = 60_000;

/** The folder is ours until `release`, or somebody else's. */
export type FolderClaim =
  | { readonly kind: 'claimed'; release(): Promise<void> }
  | { readonly kind: 'owned'; readonly by: ProcessIdentity };

/**
 * Makes this process the one owner of a folder, or names the live owner.
 *
 * - Records are `<folder>/owner.<n>.json`; the highest number counts. The record of a dead or
 *   released owner is succeeded by creating the next number exclusively, so that of many claimants
 *   exactly one wins and none can remove a live record.
 * - A number taken by a process that started later than the recorded owner is not that owner.
 * - An owner on another machine or in another container cannot be looked up: it counts as alive
 *   while its record is fresh.
 */
export async function claimFolder(folder: string): Promise<FolderClaim> {
  await mkdir(folder, { recursive: true });
  const self = await identifyProcess(process.pid);
  if (self === undefined) throw new Error('this process does not find itself');
  for (;;) {
    const last = Math.max(0, ...(await recordNumbers(folder)));
    const owner = last === 0 ? undefined : await liveOwner(recordPath(folder, last), self);
    if (owner !== undefined) return { kind: 'owned', by: owner };
    const mine = recordPath(folder, last + 1);
    if (!(await createExclusively(mine, JSON.stringify(self)))) continue;
    const numbers = await recordNumbers(folder);
    if (Math.max(...numbers) > last + 1) {
      await rm(mine, { force: true });
      continue;
    }
    await Promise.all(
      numbers
        .filter((number) => number <= last)
        .map((number) => rm(recordPath(folder, number), { force: true })),
    );
    return claimed(mine);
  }
}

function claimed(path: string): FolderClaim {
  const freshen = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, freshenEveryMs);
  freshen.unref();
  return {
    kind: 'claimed',
    // The number stays taken: were it reused, a slow claimant could create it beside a higher one.
    release: async () => {
      clearInterval(freshen);
      await replaceFile(path, JSON.stringify({ released: true }));
    },
  };
}

async function liveOwner(
  path: string,
  self: ProcessIdentity,
): Promise<ProcessIdentity | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const owner = parseIdentity(text);
  if (owner === undefined) return undefined;
  if (owner.where === self.where) return (await isAlive(owner)) ? owner : undefined;
  const freshenedAtMs = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  return Date.now() - freshenedAtMs < foreignStaleAfterMs ? owner : undefined;
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const { pid, startedAt, where } = JSON.parse(text) as Partial<ProcessIdentity>;
    if (typeof pid !== 'number' || typeof startedAt !== 'string') return undefined;
    return { pid, startedAt, where: String(where) };
  } catch {
    return undefined;
  }
}

const recordPath = (folder: string, number: number) => join(folder, `owner.${number}.json`);

const recordNumbers = async (folder: string): Promise<number[]> =>
  (await readdir(folder)).flatMap((name) => {
    const number = /^owner\.(\d+)\.json$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
