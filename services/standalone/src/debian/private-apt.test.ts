import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AptSource } from './apt-sources.js';
import { findDebianArchive, openPrivateApt } from './private-apt.js';
import { fetchDebianTree, findInTree } from './program.js';

const searchPath = '/usr/bin:/bin';
const archive = await findDebianArchive(searchPath);
/** Keys that Debian no longer signs with: known to the machine, right for no suite. */
const oldKeys = '/usr/share/keyrings/debian-archive-removed-keys.gpg';

const isReachable = async ({ uris }: AptSource) =>
  fetch(`${uris[0]}/dists/testing/InRelease`, {
    method: 'HEAD',
    signal: AbortSignal.timeout(5_000),
  }).then(
    ({ ok }) => ok,
    () => false,
  );

/** Without apt and a mirror there is nothing that these tests could be about. */
const where = archive !== undefined && (await isReachable(archive)) ? describe : describe.skip;

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-apt-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const changedAtMs = async (path: string) =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

where('a Debian machine with a mirror in reach:', () => {
  it('fetches a current nats-server and leaves the system’s apt as it was', async () => {
    const system = ['/var/lib/apt/lists', '/var/cache/apt/archives', '/var/lib/dpkg/status'];
    const before = await Promise.all(system.map(changedAtMs));
    const into = join(folder, 'into');
    await fetchDebianTree({
      cacheDir: join(folder, 'cache'),
      archive: archive!,
      suite: 'testing',
      into,
      packages: ['nats-server'],
      withDependencies: false,
    });
    expect(await findInTree(join(into, 'root'), 'nats-server')).toBe('usr/sbin/nats-server');
    expect(await readdir(into)).toEqual(['root']);
    expect(await Promise.all(system.map(changedAtMs))).toEqual(before);
  }, 120_000);

  it('refuses a list that is signed by none of the archive’s keys', async () => {
    const opened = openPrivateApt(folder, { ...archive!, signedBy: oldKeys }, 'testing');
    await expect(opened).rejects.toThrow(/apt-get update: .*(signed|signatures|NO_PUBKEY)/s);
  }, 120_000);
});

describe('findDebianArchive', () => {
  it('reads the machine’s files in both styles, and no others', async () => {
    await mkdir(join(folder, 'sources.list.d'));
    const line = (host: string) => `deb http://${host} bookworm main\n`;
    await writeFile(join(folder, 'sources.list.d', 'a.list.disabled'), line('disabled.example'));
    await writeFile(join(folder, 'sources.list.d', 'b.list'), line('listed.example'));
    await writeFile(join(folder, 'sources.list.d', 'c.sources'), line('no-deb822.example'));
    const tools = join(folder, 'tools');
    await mkdir(tools);
    for (const tool of ['apt-get', 'dpkg-deb']) {
      await writeFile(join(tools, tool), '', { mode: 0o755 });
    }
    expect((await findDebianArchive(tools, folder))?.uris).toEqual(['http://listed.example']);
  });

  it('finds none where apt is not installed', async () => {
    expect(await findDebianArchive(join(folder, 'nothing'), '/etc/apt')).toBeUndefined();
  });
});
