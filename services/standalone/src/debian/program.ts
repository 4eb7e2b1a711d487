import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isExecutable } from '../binaries/command.js';
import { withFolderToOneself } from '../binaries/fetch-once.js';
import type { AptSource } from './apt-sources.js';
import { type PrivateApt, openPrivateApt, unpackPackages } from './private-apt.js';

/** Debian suites that carry current programs, the calmer one first. */
export const debianSuitesInOrder = ['testing', 'sid'] as const;

/** What is to be fetched from Debian, and where to. */
export type DebianFetch = {
  readonly cacheDir: string;
  readonly archive: AptSource;
  readonly suite: string;
  /** Folder to fill; the tree of the packages becomes its `root`. */
  readonly into: string;
  readonly packages: readonly string[];
  /** Also everything the packages need, down to libc, so that the tree runs on an older system. */
  readonly withDependencies: boolean;
};

/** Downloads Debian packages and unpacks them below `into`, touching nothing of the system. */
export async function fetchDebianTree(fetch: DebianFetch): Promise<void> {
  const { archive, suite, into, packages } = fetch;
  const aptFolder = join(fetch.cacheDir, 'apt', suite);
  const debs = join(into, 'debs');
  await mkdir(debs, { recursive: true });
  const download = (apt: PrivateApt) =>
    fetch.withDependencies ? apt.downloadClosure(packages, debs) : apt.download(packages, debs);
  await withFolderToOneself(aptFolder, async () =>
    download(await openPrivateApt(aptFolder, archive, suite)),
  );
  await unpackPackages(debs, join(into, 'root'));
  await rm(debs, { recursive: true });
}

/** Where a Debian tree keeps a program, below `root`; undefined if it has none of that name. */
export async function findInTree(root: string, program: string): Promise<string | undefined> {
  for (const folder of ['usr/sbin', 'usr/bin']) {
    if (await isExecutable(join(root, folder, program))) return `${folder}/${program}`;
  }
  return undefined;
}

/**
 * The folder of a Debian tree that holds libc, as a path below `root`:
 * `usr/lib/<machine>-linux-gnu`.
 */
export async function libraryFolder(root: string): Promise<string> {
  const names = await readdir(join(root, 'usr/lib')).catch((): string[] => []);
  for (const name of names) {
    const files = await readdir(join(root, 'usr/lib', name)).catch((): string[] => []);
    if (files.includes('libc.so.6')) return `usr/lib/${name}`;
  }
  throw new Error(`no libc below ${root}`);
}

/**
 * Writes `<folder>/<program>`, a two-line script that runs a program of the tree with the tree's
 * own loader and libraries.
 *
 * - It replaces itself by the program, so that signals and process number are the program's.
 * - It finds the tree beside itself: the folder may be renamed as a whole.
 */
export async function writeLauncher(
  folder: string,
  program: string,
  { binary, libraries }: { readonly binary: string; readonly libraries: readonly string[] },
): Promise<void> {
  const [first] = libraries;
  const loader = (await readdir(join(folder, 'root', first ?? ''))).find((name) =>
    /^ld-linux.*\.so\.\d+$|^ld64\.so\.\d+$/.test(name),
  );
  if (loader === undefined) throw new Error(`no loader below ${folder}/root/${first}`);
  const here = '"${0%/*}/root';
  const path = libraries.map((library) => `\${0%/*}/root/${library}`).join(':');
  const command = `${here}/${first}/${loader}" --library-path "${path}" ${here}/${binary}" "$@"`;
  await writeFile(join(folder, program), `#!/bin/sh\nexec ${command}\n`);
  await chmod(join(folder, program), 0o755);
}
