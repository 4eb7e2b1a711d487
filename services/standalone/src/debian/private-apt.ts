import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findOnPath, runCommand } from '../binaries/command.js';
import {
  type AptSource,
  debianArchive,
  parseDeb822Sources,
  parseOneLineSources,
  privateSource,
} from './apt-sources.js';

/**
 * An apt of our own: reads the machine's mirror and keys, keeps everything it writes in one folder.
 */
export type PrivateApt = {
  readonly suite: string;
  /** Downloads the newest version of each package into `into`, without what they depend on. */
  download(packages: readonly string[], into: string): Promise<void>;
  /** Downloads the packages and all that they need on an empty system into `into`. */
  downloadClosure(packages: readonly string[], into: string): Promise<void>;
};

/** One package list is about 10 MB; on a slow link that is minutes. */
const commandTimeoutMs = 10 * 60_000;

/**
 * Debian's archive as this machine's own sources name it; undefined on a system that has none, or
 * no apt.
 */
export async function findDebianArchive(
  searchPath: string | undefined,
  aptFolder = '/etc/apt',
): Promise<AptSource | undefined> {
  const tools = ['apt-get', 'dpkg-deb'].map((tool) => findOnPath(tool, searchPath));
  if ((await Promise.all(tools)).includes(undefined)) return undefined;
  const parts = join(aptFolder, 'sources.list.d');
  const names = await readdir(parts).catch(() => []);
  const paths = [
    join(aptFolder, 'sources.list'),
    ...names.toSorted((a, b) => a.localeCompare(b)).map((name) => join(parts, name)),
  ].filter((path) => /\.(list|sources)$/.test(path));
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
  return debianArchive(
    texts.flatMap((text, index) =>
      paths[index]?.endsWith('.sources') ? parseDeb822Sources(text) : parseOneLineSources(text),
    ),
  );
}

/**
 * Reads the package list of one suite with signatures checked, and returns an apt that downloads
 * from it.
 *
 * - Needs no root and no lock of the system; sources, lists, caches and status are files under
 *   `folder`.
 * - The machine's proxy and authentication settings apply; its hooks and its leniency about
 *   signatures do not.
 * - Rejects when the list cannot be read or its signature is not by a key the machine trusts for
 *   that archive.
 */
export async function openPrivateApt(
  folder: string,
  archive: AptSource,
  suite: string,
): Promise<PrivateApt> {
  const configPath = await writePrivateConfig(folder, privateSource(archive, suite));
  const apt = (args: readonly string[], cwd: string) =>
    runCommand('apt-get', ['-q', ...args, '-c', configPath], { timeoutMs: commandTimeoutMs, cwd });
  await apt(['update'], folder);
  return {
    suite,
    download: async (packages, into) => {
      await apt(['download', ...packages], into);
    },
    downloadClosure: async (packages, into) => {
      await mkdir(join(into, 'partial'), { recursive: true });
      const flags = ['-y', '--download-only', '--no-install-recommends'];
      await apt(['install', ...flags, '-o', `Dir::Cache::archives=${into}`, ...packages], folder);
    },
  };
}

/** Unpacks every package file of a folder into one tree; runs none of their scripts. */
export async function unpackPackages(folder: string, root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  const names = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
  for (const name of names) {
    await runCommand('dpkg-deb', ['-x', join(folder, name), root], { timeoutMs: commandTimeoutMs });
  }
}

async function writePrivateConfig(folder: string, source: string): Promise<string> {
  const at = (name: string) => join(folder, name);
  await Promise.all(
    ['state/lists/partial', 'cache/archives/partial', 'preferences.d'].map((name) =>
      mkdir(at(name), { recursive: true }),
    ),
  );
  await writeFile(at('debian.sources'), source);
  await writeFile(at('status'), '');
  await writeFile(at('apt.conf'), configText(at));
  return at('apt.conf');
}

/**
 * Read by apt after the machine's own settings, so that these win.
 *
 * The hooks are cleared because Debian's container images ship one that empties the system's own
 * archive folder.
 */
const configText = (at: (name: string) => string): string => `
Dir::Etc::sourcelist ${quote(at('debian.sources'))};
Dir::Etc::sourceparts "-";
Dir::Etc::preferences ${quote(at('preferences'))};
Dir::Etc::preferencesparts ${quote(at('preferences.d'))};
Dir::State ${quote(at('state'))};
Dir::State::status ${quote(at('status'))};
Dir::Cache ${quote(at('cache'))};
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log ${quote(at('log'))};
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
APT::Sandbox::User "";
APT::Get::AllowUnauthenticated "false";
APT::Default-Release "";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "1";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11-icons-hidpi::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
`;

const quote = (path: string): string => {
  if (/["\n]/.test(path))
    throw new Error(`apt cannot use a folder with a quote in its name: ${path}`);
  return `"${path}"`;
};
