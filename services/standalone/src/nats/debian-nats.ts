import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  debianSuitesInOrder,
  fetchDebianTree,
  findInTree,
  libraryFolder,
  writeLauncher,
} from '../debian/program.js';
import { findDebianArchive } from '../debian/private-apt.js';
import { isNewEnough, readNatsVersion } from './nats-version.js';

/** Where Debian is found, and where its nats-server is put. */
export type DebianNatsFetch = {
  readonly cacheDir: string;
  readonly searchPath: string | undefined;
  readonly aptFolder: string | undefined;
  /** Folder to fill with `nats-server`. */
  readonly into: string;
};

/**
 * Puts Debian's current nats-server into a folder, from the machine's own mirror under the
 * machine's own keys.
 *
 * - Tries testing, then sid; a suite whose server is too old is passed over.
 * - Where the program wants a newer libc than the system's, it gets its own, behind a launcher.
 * - Rejects where there is no apt or no Debian archive, or with the reason of each suite.
 */
export async function fetchDebianNats(fetch: DebianNatsFetch): Promise<void> {
  const { cacheDir, searchPath, aptFolder, into } = fetch;
  const archive = await findDebianArchive(searchPath, aptFolder);
  if (archive === undefined) throw new Error('this system has no apt with a Debian archive');
  const reasons: string[] = [];
  for (const suite of debianSuitesInOrder) {
    const tree = { cacheDir, archive, suite, into };
    try {
      return await fillFromSuite(tree);
    } catch (caught) {
      reasons.push(`${suite}: ${(caught as Error).message}`);
      await rm(join(into, 'root'), { recursive: true, force: true });
    }
  }
  throw new Error(reasons.join(' | '));
}

type Tree = Omit<Parameters<typeof fetchDebianTree>[0], 'packages' | 'withDependencies'>;

async function fillFromSuite(tree: Tree): Promise<void> {
  const root = join(tree.into, 'root');
  const program = join(tree.into, 'nats-server');
  await fetchDebianTree({ ...tree, packages: ['nats-server'], withDependencies: false });
  const binary = await findInTree(root, 'nats-server');
  if (binary === undefined) throw new Error('the package holds no nats-server');
  const runsAsIs = await readNatsVersion(join(root, binary)).then(
    () => true,
    () => false,
  );
  if (runsAsIs) {
    await rename(join(root, binary), program);
    await rm(root, { recursive: true });
  } else {
    await fetchDebianTree({ ...tree, packages: ['libc6'], withDependencies: true });
    await writeLauncher(tree.into, 'nats-server', {
      binary,
      libraries: [await libraryFolder(root)],
    });
  }
  const version = await readNatsVersion(program);
  if (!isNewEnough(version)) throw new Error(`nats-server ${version} is too old`);
}
