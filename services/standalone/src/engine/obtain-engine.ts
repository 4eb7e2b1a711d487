import { readdir, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Log } from '@switchyard/domain';
import { findOnPath, runCommand } from '../binaries/command.js';
import { withFolderToOneself } from '../binaries/fetch-once.js';
import { type ProgramCache, fillCache, findCached } from '../binaries/program-cache.js';
import { findDebianArchive } from '../debian/private-apt.js';
import {
  debianSuitesInOrder,
  fetchDebianTree,
  findInTree,
  libraryFolder,
  writeLauncher,
} from '../debian/program.js';

const program = 'llama-server';

/** Where an engine is looked for. */
export type EngineSearch = {
  /** Keeps what was fetched: `<cacheDir>/llama-server/<version>/llama-server`. */
  readonly cacheDir: string;
  /** The value of PATH. */
  readonly searchPath: string | undefined;
  readonly log: Log;
};

/** Path of llama.cpp's server on PATH, whatever its version; undefined if there is none. */
export const findEngineOnPath = ({ searchPath }: EngineSearch): Promise<string | undefined> =>
  findOnPath(program, searchPath);

/**
 * Path of llama.cpp's server from the cache, else from Debian's packages, which are put there.
 *
 * - llama.cpp's own releases are not used: they publish no checksums that could be pinned.
 * - Rejects with why it cannot be had.
 */
export async function fetchEngine({ cacheDir, searchPath, log }: EngineSearch): Promise<string> {
  const cache: ProgramCache = {
    folder: join(cacheDir, program),
    program,
    readVersion,
    accepts: () => true,
  };
  const cached = await findCached(cache);
  if (cached !== undefined) return cached.path;
  return withFolderToOneself(cache.folder, async () => {
    const filled = await findCached(cache);
    if (filled !== undefined) return filled.path;
    const archive = await findDebianArchive(searchPath);
    if (archive === undefined) throw new Error('this system has no apt with a Debian archive');
    log.info({}, 'fetching llama-server from Debian into a private folder (about 20 MB)');
    const reasons: string[] = [];
    for (const suite of debianSuitesInOrder) {
      const fill = (into: string) => fillFromDebian({ cacheDir, archive, suite, into });
      const fetched = await fillCache(cache, fill).catch((error: Error) => error);
      if (!(fetched instanceof Error)) return fetched.path;
      reasons.push(`${suite}: ${fetched.message}`);
    }
    throw new Error(reasons.join(' | '));
  });
}

type DebianTree = Omit<Parameters<typeof fetchDebianTree>[0], 'packages' | 'withDependencies'>;

/**
 * The whole tree down to libc: the package is built for a newer system than the ones this is for.
 */
async function fillFromDebian(tree: DebianTree): Promise<void> {
  const root = join(tree.into, 'root');
  await fetchDebianTree({ ...tree, packages: ['llama.cpp-tools'], withDependencies: true });
  const binary = await findInTree(root, program);
  if (binary === undefined) throw new Error(`the packages hold no ${program}`);
  const libraries = await libraryFolder(root);
  await linkBackends(join(root, libraries));
  await writeLauncher(tree.into, program, { binary, libraries: [libraries, `${libraries}/llama`] });
}

/**
 * ggml looks for its CPU code beside the running program, which with a loader of our own is the
 * loader; GGML_BACKEND_DIR did not help (llama.cpp 0.7.0, 2026-11-21).
 */
async function linkBackends(libraries: string): Promise<void> {
  const folder = (await readdir(join(libraries, 'ggml'))).find((name) =>
    name.startsWith('backends'),
  );
  if (folder === undefined) throw new Error('the packages hold no ggml backends');
  const backends = join(libraries, 'ggml', folder);
  const names = (await readdir(backends)).filter((name) => name.endsWith('.so'));
  await Promise.all(
    names.map((name) => symlink(relative(libraries, join(backends, name)), join(libraries, name))),
  );
}

async function readVersion(path: string): Promise<string> {
  const output = await runCommand(path, ['--version'], { timeoutMs: 10_000 });
  const version = /version: ([\w.]+)/.exec(output)?.[1];
  if (version === undefined) throw new Error(`${path} --version printed "${output.trim()}"`);
  return version;
}
