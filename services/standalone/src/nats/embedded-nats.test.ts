import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Log, silentLog } from '@switchyard/domain';
import { cacheFolder } from '../binaries/cache-folder.js';
import { findFreePort } from '../children/free-port.js';
import { commandLine, identifyProcess, isAlive } from '../children/process-identity.js';
import { type EmbeddedNats, startEmbeddedNats } from './embedded-nats.js';
import { askPort } from './server-info.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const built = pathToFileURL(join(root, 'services/standalone/dist/nats/embedded-nats.js')).href;

let dataDir = '';
const running: EmbeddedNats[] = [];
const parents: ChildProcess[] = [];
/** Servers that a killed parent leaves behind, where the test itself does not adopt them. */
const leftPids: number[] = [];

const options = () => ({
  dataDir,
  cacheDir: cacheFolder(process.env['XDG_CACHE_HOME'], homedir()),
  env: process.env,
  sync: 'default' as const,
  preferredPort: 0,
});

async function start(changes: object = {}, log: Log = silentLog): Promise<EmbeddedNats> {
  const nats = await startEmbeddedNats({ ...options(), log, ...changes });
  running.push(nats);
  return nats;
}

/** Another Switchyard in the same folder, as far as its nats-server goes: a process of its own. */
async function startParent(): Promise<{ parent: ChildProcess; serverName: string; pid: number }> {
  const code = `
    const { startEmbeddedNats } = await import(${JSON.stringify(built)});
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const options = ${JSON.stringify(options())};
    const { serverName, pid } = await startEmbeddedNats({ ...options, log });
    console.log(JSON.stringify({ serverName, pid }));
    setInterval(() => {}, 1e6);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  parents.push(parent);
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const { serverName, pid } = JSON.parse(line.toString());
  leftPids.push(pid);
  return { parent, serverName, pid };
}

async function killIfOurs(pid: number): Promise<void> {
  if ((await commandLine(pid)).includes(dataDir)) process.kill(pid, 'SIGKILL');
}

async function kill9(parent: ChildProcess): Promise<void> {
  if (parent.exitCode !== null || parent.signalCode !== null) return;
  const gone = once(parent, 'exit');
  parent.kill('SIGKILL');
  await gone;
}

const portOf = (nats: EmbeddedNats) => Number(new URL(nats.url).port);

/** `seen` resolves once a line of the log says so. */
function logThatWaitsFor(text: string): { log: Log; seen: Promise<void> } {
  let done = () => {};
  const seen = new Promise<void>((resolve) => {
    done = resolve;
  });
  const look = (_: object, message: string) => {
    if (message.includes(text)) done();
  };
  return { log: { debug: look, info: look, warn: look, error: look }, seen };
}

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--quiet']);
});

beforeEach(async () => {
  dataDir = await realpath(await mkdtemp(join(tmpdir(), 'switchyard-data-')));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((nats) => nats.stop()));
  await Promise.all(parents.splice(0).map(kill9));
  for (const pid of leftPids.splice(0)) await killIfOurs(pid);
  await rm(dataDir, { recursive: true, force: true });
});

describe('startEmbeddedNats', () => {
  it('serves on loopback under the folder’s name, and stops with its owner', async () => {
    const nats = await start();
    const answer = await askPort(portOf(nats));
    expect(answer).toEqual({ kind: 'nats', serverName: nats.serverName, jetstream: true });
    const identity = await identifyProcess(nats.pid!);
    await nats.stop();
    expect(await isAlive(identity!)).toBe(false);
    expect(await askPort(portOf(nats))).toEqual({ kind: 'free' });
  });

  it('keeps port and name over starts', async () => {
    const first = await start();
    await first.stop();
    const second = await start();
    expect([second.url, second.serverName, second.adopted]).toEqual([
      first.url,
      first.serverName,
      false,
    ]);
  });

  it('has a process group of its own, out of reach of Ctrl-C', async () => {
    const nats = await start();
    const group = execFileSync('ps', ['-o', 'pgid=', '-p', String(nats.pid)]).toString();
    expect(Number(group)).toBe(nats.pid);
  });

  it('refuses a second start in the folder, and leaves the first alone', async () => {
    const nats = await start();
    await expect(start()).rejects.toThrow(
      `A Switchyard (process ${process.pid}) already runs in ${dataDir}. ` +
        'Stop it, or start this one with another SWITCHYARD_DATA_DIR.',
    );
    expect((await askPort(portOf(nats))).kind).toBe('nats');
  });

  it('refuses a second start from another process', async () => {
    const { parent } = await startParent();
    await expect(start()).rejects.toThrow(`A Switchyard (process ${parent.pid}) already runs`);
  });

  it('adopts the server that a killed parent left, and stops it in the end', async () => {
    const { parent, serverName, pid } = await startParent();
    await kill9(parent);
    const nats = await start();
    expect([nats.adopted, nats.serverName, nats.pid]).toEqual([true, serverName, pid]);
    await nats.stop();
    expect(await askPort(portOf(nats))).toEqual({ kind: 'free' });
    expect(await identifyProcess(pid)).toBeUndefined();
  });

  it('replaces a left server that was started with other settings', async () => {
    const { parent, pid } = await startParent();
    await kill9(parent);
    const nats = await start({ sync: 'always' });
    expect(nats.adopted).toBe(false);
    expect(await identifyProcess(pid)).toBeUndefined();
    const config = await readFile(join(dataDir, 'nats', 'nats-server.conf'), 'utf8');
    expect(config).toContain('sync_interval: always');
  });

  it('ends a left server before it opens the store, though server.json was deleted', async () => {
    const { parent, pid } = await startParent();
    await kill9(parent);
    await rm(join(dataDir, 'nats', 'server.json'));
    const nats = await start();
    expect(nats.adopted).toBe(false);
    expect(await identifyProcess(pid)).toBeUndefined();
  });

  it('starts the server again when it dies, at the same address', async () => {
    const { log, seen } = logThatWaitsFor('runs again');
    const nats = await start({}, log);
    const pidBefore = nats.pid!;
    process.kill(pidBefore, 'SIGKILL');
    await seen;
    expect(nats.pid).not.toBe(pidBefore);
    expect(await commandLine(nats.pid!)).toContain(join(dataDir, 'nats', 'nats-server.conf'));
    expect((await askPort(portOf(nats))).kind).toBe('nats');
  });

  it('starts an adopted server again when it dies', async () => {
    const { parent, pid } = await startParent();
    await kill9(parent);
    const { log, seen } = logThatWaitsFor('runs again');
    const nats = await start({}, log);
    process.kill(pid, 'SIGKILL');
    await seen;
    expect((await askPort(portOf(nats))).kind).toBe('nats');
  });

  it('names the port and the way out where a stranger has it, and frees the folder', async () => {
    const stranger = createServer((socket) => socket.end('hello\r\n')).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const first = await start();
    await first.stop();
    const record = { port, serverName: first.serverName };
    await writeFile(join(dataDir, 'nats', 'server.json'), JSON.stringify(record));
    await expect(start()).rejects.toThrow(
      `Port ${port}, where the nats-server of this data folder listens, is taken by a program.`,
    );
    stranger.close();
    await once(stranger, 'close');
    expect((await start()).adopted).toBe(false);
  });

  it('takes no other NATS server for its own', async () => {
    const elsewhere = await start({ dataDir: join(dataDir, 'other') });
    const port = portOf(elsewhere);
    const first = await start();
    await first.stop();
    const record = { port, serverName: first.serverName };
    await writeFile(join(dataDir, 'nats', 'server.json'), JSON.stringify(record));
    await expect(start()).rejects.toThrow(
      `is taken by a NATS server named "${elsewhere.serverName}"`,
    );
  });

  it('does not adopt by the process alone where another server answers', async () => {
    const elsewhere = await start({ dataDir: join(dataDir, 'other') });
    const first = await start();
    await first.stop();
    const folder = join(dataDir, 'nats');
    const [port, config] = [
      portOf(elsewhere),
      await readFile(join(folder, 'nats-server.conf'), 'utf8'),
    ];
    const record = { port, serverName: first.serverName };
    await writeFile(join(folder, 'server.json'), JSON.stringify(record));
    const idle = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6); console.log()']);
    parents.push(idle);
    await once(idle.stdout, 'data');
    const left = {
      identity: await identifyProcess(idle.pid!),
      fingerprint: config.replace(`:${portOf(first)}"`, `:${port}"`),
    };
    await writeFile(join(folder, 'nats-server.process.json'), JSON.stringify(left));
    await expect(start()).rejects.toThrow('is taken by a NATS server named');
  });

  it('says what the server said when it does not start', async () => {
    const first = await start();
    await first.stop();
    await rm(join(dataDir, 'nats', 'store'), { recursive: true });
    await writeFile(join(dataDir, 'nats', 'store'), 'not a folder');
    await expect(start()).rejects.toThrow(
      /nats-server \(.*\) did not start; it said:\n.*not a directory/s,
    );
  });
});

describe('askPort', () => {
  it('finds nobody on a free port', async () => {
    expect(await askPort(await findFreePort(0))).toEqual({ kind: 'free' });
  });
});
