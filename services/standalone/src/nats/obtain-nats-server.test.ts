import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@switchyard/domain';
import { obtainNatsServer } from './obtain-nats-server.js';
import type { Release } from './releases.js';

/** Stands in for a nats-server of any version; obtaining one only ever asks for that. */
const fakeServer = (version: string) => `#!/bin/sh\necho "nats-server: v${version}"\n`;
const platform = `${process.platform}-${process.arch}`;

let folder = '';
let cacheDir = '';
const servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-obtain-'));
  cacheDir = join(folder, 'cache');
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true, force: true });
});

async function putServer(at: string, version: string): Promise<string> {
  await mkdir(at, { recursive: true });
  const path = join(at, 'nats-server');
  await writeFile(path, fakeServer(version));
  await chmod(path, 0o755);
  return path;
}

/** An archive of the official layout on a loopback address; `requests` counts its downloads. */
async function serveRelease(version: string, sha256?: string) {
  const name = `nats-server-v${version}-test`;
  await putServer(join(folder, 'release', name), version);
  const file = `${name}.tar.gz`;
  execFileSync('tar', ['-czf', join(folder, file), '-C', join(folder, 'release'), name]);
  const bytes = await readFile(join(folder, file));
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.end(bytes);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const sum = sha256 ?? createHash('sha256').update(bytes).digest('hex');
  const release: Release = {
    version,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    archives: { [platform]: { file, sha256: sum } },
  };
  return { release, requests };
}

const unreachable: Release = {
  version: '2.99.0',
  baseUrl: 'http://127.0.0.1:9',
  archives: { [platform]: { file: 'nats-server.tar.gz', sha256: '00' } },
};

/** Neither PATH nor apt offer anything, unless a test says so. */
const obtain = (options: Partial<Parameters<typeof obtainNatsServer>[0]> = {}) =>
  obtainNatsServer({
    cacheDir,
    searchPath: join(folder, 'nothing'),
    log: silentLog,
    release: unreachable,
    aptFolder: join(folder, 'nothing'),
    ...options,
  });

describe('obtainNatsServer', () => {
  it('takes the one on PATH', async () => {
    const path = await putServer(join(folder, 'bin'), '2.12.0');
    expect(await obtain({ searchPath: join(folder, 'bin') })).toEqual({
      path,
      version: '2.12.0',
      from: 'path',
    });
  });

  it('names an older one on PATH in the log, and takes the newest cached one', async () => {
    const old = await putServer(join(folder, 'bin'), '2.9.10');
    await putServer(join(cacheDir, 'nats-server', '2.9.0'), '2.9.0');
    await putServer(join(cacheDir, 'nats-server', '2.12.4'), '2.12.4');
    const path = await putServer(join(cacheDir, 'nats-server', '2.15.1'), '2.15.1');
    const warnings: object[] = [];
    const log = { ...silentLog, warn: (fields: object) => warnings.push(fields) };
    const obtained = await obtain({ searchPath: join(folder, 'bin'), log });
    expect(obtained).toEqual({ path, version: '2.15.1', from: 'cache' });
    expect(warnings).toEqual([{ path: old, version: '2.9.10', versionMin: '2.12.0' }]);
  });

  it('downloads the release once for two that ask at once, and then has it cached', async () => {
    const { release, requests } = await serveRelease('2.15.0');
    const path = join(cacheDir, 'nats-server', '2.15.0', 'nats-server');
    const both = await Promise.all([obtain({ release }), obtain({ release })]);
    expect(both.map((each) => each.path)).toEqual([path, path]);
    expect(both.map(({ from }) => from).sort()).toEqual(['cache', 'release']);
    expect((await obtain({ release })).from).toBe('cache');
    expect(requests).toEqual(['/nats-server-v2.15.0-test.tar.gz']);
  });

  it('refuses a release with another checksum, and leaves nothing of it', async () => {
    const { release } = await serveRelease('2.15.0', '5d2c51ca');
    await expect(obtain({ release })).rejects.toThrow(/has SHA-256 \w{64}, pinned is 5d2c51ca/);
    expect(await readdir(join(cacheDir, 'nats-server'))).toEqual(['owner.1.json']);
  });

  it('refuses a release that turns out too old', async () => {
    const { release } = await serveRelease('2.11.0');
    await expect(obtain({ release })).rejects.toThrow('nats-server 2.11.0 is too old');
  });

  it('says in one message what was tried and what to do', async () => {
    await putServer(join(folder, 'bin'), '2.9.10');
    const message = await obtain({ searchPath: join(folder, 'bin') }).catch(
      (error: Error) => error.message,
    );
    expect(message).toBe(
      [
        'No nats-server 2.12.0 or newer could be had. Tried:',
        `  - PATH: ${join(folder, 'bin', 'nats-server')} is 2.9.10`,
        `  - cache: none in ${join(cacheDir, 'nats-server')}`,
        '  - release: http://127.0.0.1:9/nats-server.tar.gz: bad port',
        '  - debian: this system has no apt with a Debian archive',
        'Do one of these and start again:',
        '  - install nats-server 2.12 or newer (https://nats.io/download) and have it on PATH',
        `  - put its binary at ${join(cacheDir, 'nats-server', '<version>', 'nats-server')}`,
        '  - set NATS_URL to a running server with JetStream',
      ].join('\n'),
    );
  });
});
