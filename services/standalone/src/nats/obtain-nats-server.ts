import { chmod, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '@switchyard/domain';
import { findOnPath } from '../binaries/command.js';
import { withFolderToOneself } from '../binaries/fetch-once.js';
import { type ProgramCache, fillCache, findCached } from '../binaries/program-cache.js';
import { StartError } from '../binaries/start-error.js';
import { fetchDebianNats } from './debian-nats.js';
import { isNewEnough, natsVersionMin, readNatsVersion } from './nats-version.js';
import { fetchOfficialRelease } from './official-release.js';
import { type Release, pinnedRelease } from './releases.js';

/** Where a nats-server is looked for. */
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
 * Finds or fetches a nats-server: on PATH, in the cache, the official release, Debian's package;
 * the first that is new enough.
 *
 * - An older one on PATH is named in the log and skipped.
 * - Whatever is fetched is verified (pinned checksum, or apt's signatures), tried, and only then
 *   takes its name in the cache.
 * - Two processes that fetch at once do it once.
 * - Refusal: one StartError that lists what was tried and says what to do.
 */
export async function obtainNatsServer(options: ObtainOptions): Promise<ObtainedNats> {
  const { cacheDir, searchPath, log } = options;
  const tried: string[] = [];
  const cache = natsCache(cacheDir);
  const ready = (await fromPath(searchPath, tried, log)) ?? (await fromCache(cache));
  if (ready !== undefined) return ready;
  tried.push(`cache: none in ${cache.folder}`);
  const fetched = await withFolderToOneself(
    cache.folder,
    async () => (await fromCache(cache)) ?? (await fetchAny(cache, options, tried)),
  );
  if (fetched !== undefined) return fetched;
  throw new StartError(
    [
      `No nats-server ${natsVersionMin} or newer could be had. Tried:`,
      ...tried.map((line) => `  - ${line}`),
      'Do one of these and start again:',
      '  - install nats-server 2.12 or newer (https://nats.io/download) and have it on PATH',
      `  - put its binary at ${join(cache.folder, '<version>', cache.program)}`,
      '  - set NATS_URL to a running server with JetStream',
    ].join('\n'),
  );
}

const natsCache = (cacheDir: string): ProgramCache => ({
  folder: join(cacheDir, 'nats-server'),
  program: process.platform === 'win32' ? 'nats-server.exe' : 'nats-server',
  readVersion: readNatsVersion,
  accepts: isNewEnough,
});

async function fromCache(cache: ProgramCache): Promise<ObtainedNats | undefined> {
  const cached = await findCached(cache);
  return cached === undefined ? undefined : { ...cached, from: 'cache' };
}

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

async function fetchAny(
  cache: ProgramCache,
  { cacheDir, searchPath, log, release = pinnedRelease, aptFolder }: ObtainOptions,
  tried: string[],
): Promise<ObtainedNats | undefined> {
  const attempts = {
    release: async (into: string) => {
      log.info(
        { version: release.version },
        'no nats-server at hand: fetching the official release',
      );
      await rename(await fetchOfficialRelease(release, into), join(into, cache.program));
      await chmod(join(into, cache.program), 0o755);
    },
    debian: async (into: string) => {
      log.info({}, 'fetching nats-server from Debian into a private folder');
      await fetchDebianNats({ cacheDir, searchPath, aptFolder, into });
    },
  };
  for (const [from, fill] of Object.entries(attempts)) {
    const program = await fillCache(cache, fill).catch((error: Error) => {
      tried.push(`${from}: ${error.message}`);
      return undefined;
    });
    if (program === undefined) continue;
    log.info({ from, ...program }, 'nats-server obtained');
    return { ...program, from: from as keyof typeof attempts };
  }
  return undefined;
}
