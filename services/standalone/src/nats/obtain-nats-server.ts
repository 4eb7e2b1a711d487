import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '@switchyard/domain';
import { findOnPath } from '../binaries/command.js';
import { withFolderToOneself } from '../binaries/fetch-once.js';
import { StartError } from '../binaries/start-error.js';
import { fetchDebianNats } from './debian-nats.js';
import {
  byVersionDescending,
  isNewEnough,
  natsVersionMin,
  readNatsVersion,
} from './nats-version.js';
import { fetchOfficialRelease } from './official-release.js';
import { type Release, pinnedRelease } from './releases.js';

export type ObtainOptions = {
  /** Folder that keeps what was fetched: `<cacheDir>/nats-server/<version>/nats-server`. */
  readonly cacheDir: string;
  /** The value of PATH. */
  readonly searchPath: string | undefined;
  readonly log: Log;
  /** @default the release pinned in this repository */
  readonly release?: Release;
  /** Where apt keeps its sources. @default /etc/apt */
  readonly aptFolder?: string;
};

/** A nats-server that runs on this machine and is new enough. */
export type ObtainedNats = {
  readonly path: string;
  readonly version: string;
  readonly from: 'path' | 'cache' | 'release' | 'debian';
};

/**
 * Finds or fetches a nats-server: on PATH, in the cache, the official release, Debian's package; the first that is new enough.
 *
 * - An older one on PATH is named in the log and skipped.
 * - Whatever is fetched is verified (pinned checksum, or apt's signatures), tried, and only then takes its name in the cache.
 * - Two processes that fetch at once do it once.
 * - Refusal: one StartError that lists what was tried and says what to do.
 */
export async function obtainNatsServer(options: ObtainOptions): Promise<ObtainedNats> {
  const { cacheDir, searchPath, log } = options;
  const tried: string[] = [];
  const ready = (await fromPath(searchPath, tried, log)) ?? (await fromCache(natsFolder(cacheDir)));
  if (ready !== undefined) return ready;
  tried.push(`cache: none in ${natsFolder(cacheDir)}`);
  const fetched = await withFolderToOneself(
    natsFolder(cacheDir),
    async () => (await fromCache(natsFolder(cacheDir))) ?? (await fetchAny(options, tried)),
  );
  if (fetched !== undefined) return fetched;
  throw new StartError(
    [
      `No nats-server ${natsVersionMin} or newer could be had. Tried:`,
      ...tried.map((line) => `  - ${line}`),
      'Do one of these and start again:',
      '  - install nats-server 2.12 or newer (https://nats.io/download) and have it on PATH',
      `  - put its binary at ${join(natsFolder(cacheDir), '<version>', 'nats-server')}`,
      '  - set NATS_URL to a running server with JetStream',
    ].join('\n'),
  );
}

const natsFolder = (cacheDir: string) => join(cacheDir, 'nats-server');

async function fromPath(
  searchPath: string | undefined,
  tried: string[],
  log: Log,
): Promise<ObtainedNats | undefined> {
  const path = await findOnPath('nats-server', searchPath);
  if (path === undefined) {
    tried.push('PATH: none');
    return undefined;
  }
  const version = await readNatsVersion(path).catch((error: Error) => error);
  if (version instanceof Error) {
    tried.push(`PATH: ${path} does not run: ${version.message}`);
  } else if (isNewEnough(version)) {
    return { path, version, from: 'path' };
  } else {
    tried.push(`PATH: ${path} is ${version}`);
    log.warn(
      { path, version, versionMin: natsVersionMin },
      'nats-server on PATH is too old; skipped',
    );
  }
  return undefined;
}

async function fromCache(folder: string): Promise<ObtainedNats | undefined> {
  const names = await readdir(folder).catch(() => []);
  const versions = names.filter((name) => /^\d+\.\d+\.\d+/.test(name)).filter(isNewEnough);
  for (const version of versions.sort(byVersionDescending)) {
    const path = join(folder, version, programName);
    const runs = await readNatsVersion(path).then(isNewEnough, () => false);
    if (runs) return { path, version, from: 'cache' };
  }
  return undefined;
}

const programName = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';

async function fetchAny(
  { cacheDir, searchPath, log, release = pinnedRelease, aptFolder }: ObtainOptions,
  tried: string[],
): Promise<ObtainedNats | undefined> {
  const folder = natsFolder(cacheDir);
  const attempts = {
    release: async (into: string) => {
      log.info(
        { version: release.version },
        'no nats-server at hand: fetching the official release',
      );
      await rename(await fetchOfficialRelease(release, into), join(into, programName));
      await chmod(join(into, programName), 0o755);
    },
    debian: async (into: string) => {
      log.info({}, 'fetching nats-server from Debian into a private folder');
      await fetchDebianNats({ cacheDir, searchPath, aptFolder, into });
    },
  };
  for (const [from, fill] of Object.entries(attempts)) {
    const path = await fillCache(folder, fill).catch((error: Error) => {
      tried.push(`${from}: ${error.message}`);
      return undefined;
    });
    if (path === undefined) continue;
    log.info({ from, ...path }, 'nats-server obtained');
    return { ...path, from: from as keyof typeof attempts };
  }
  return undefined;
}

/** Fills a temporary folder, tries the program in it, then renames it to its version: a reader sees all of it or nothing. */
async function fillCache(
  folder: string,
  fill: (into: string) => Promise<void>,
): Promise<{ path: string; version: string }> {
  await mkdir(folder, { recursive: true });
  const into = await mkdtemp(join(folder, '.tmp-'));
  try {
    await fill(into);
    const version = await readNatsVersion(join(into, programName));
    if (!isNewEnough(version)) throw new Error(`${version} is older than ${natsVersionMin}`);
    const target = join(folder, version);
    await rm(target, { recursive: true, force: true });
    await rename(into, target);
    return { path: join(target, programName), version };
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}
