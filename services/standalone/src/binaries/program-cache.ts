import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The part of the cache that holds one program: `<folder>/<version>/<program>`, with whatever it
 * needs beside it.
 */
export type ProgramCache = {
  readonly folder: string;
  readonly program: string;
  /** The version a binary names itself; rejects if it does not run here. */
  readVersion(path: string): Promise<string>;
  /** False for a version that is not wanted, however it came into the cache. */
  accepts(version: string): boolean;
};

/** A program that is in the cache and runs. */
export type CachedProgram = { readonly path: string; readonly version: string };

/** The newest program of the cache that runs and is accepted; undefined if there is none. */
export async function findCached(cache: ProgramCache): Promise<CachedProgram | undefined> {
  const names = await readdir(cache.folder).catch((): string[] => []);
  const versions = names.filter((name) => /^\d/.test(name));
  versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const name of versions) {
    const path = join(cache.folder, name, cache.program);
    const version = await cache.readVersion(path).catch(() => undefined);
    if (version !== undefined && cache.accepts(version)) return { path, version };
  }
  return undefined;
}

/**
 * Lets `fill` put the program into a temporary folder, tries it there, and only then gives the
 * folder its name in the cache.
 *
 * - A reader finds all of it or nothing; a failed attempt leaves nothing.
 * - Rejects with why `fill` failed, or when the program does not run or is not accepted.
 */
export async function fillCache(
  cache: ProgramCache,
  fill: (into: string) => Promise<void>,
): Promise<CachedProgram> {
  await mkdir(cache.folder, { recursive: true });
  const into = await mkdtemp(join(cache.folder, '.tmp-'));
  try {
    await fill(into);
    const version = await cache.readVersion(join(into, cache.program));
    if (!cache.accepts(version)) throw new Error(`${cache.program} ${version} is too old`);
    const target = join(cache.folder, version);
    await rm(target, { recursive: true, force: true });
    await rename(into, target);
    return { path: join(target, cache.program), version };
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}
