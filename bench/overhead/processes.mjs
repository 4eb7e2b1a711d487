// The processes of the benchmark: each is started once, alone on its port, and stopped at the end.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const started = [];

/** A free loopback port. */
export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

function start(args, options = {}) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  started.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      said = (said + data).slice(-4000);
    });
  }
  return { child, said: () => said };
}

async function until(probe, what, said) {
  for (let tries = 0; tries < 400; tries += 1) {
    const found = await probe().catch(() => undefined);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not start: ${said()}`);
}

/** Prints its URL on its first line. */
async function startPrinting(what, args) {
  const { child, said } = start(args);
  const url = await until(async () => /http:\/\/127\.0\.0\.1:\d+/.exec(said())?.[0], what, said);
  return { url, pids: [child.pid] };
}

export const startFake = (outputTokens) =>
  startPrinting('the fake backend', [
    join(root, 'libs/testing/dist/fakes/main.js'),
    ...[
      '--kind',
      'openai',
      '--port',
      '0',
      '--models',
      'bench-model',
      '--output-tokens',
      String(outputTokens),
    ],
  ]);

export const startUndici = (target) =>
  startPrinting('the bare proxy', [join(root, 'bench/overhead/undici-proxy.mjs'), target]);

export async function startPortkey() {
  const port = await freePort();
  const script = join(root, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  const { child, said } = start([script, `--port=${port}`, '--headless'], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(url)).status > 0, 'Portkey', said);
  return { url, pids: [child.pid] };
}

/**
 * Switchyard as `npm start` runs it: every service, metrics on, tracing off, its own nats-server on
 * file storage. `more`: further sections of its file; `headers`: what a request needs then.
 */
export async function startSwitchyard(target, { slots = 256, more = '', headers = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-bench-'));
  writeFileSync(
    join(folder, 'switchyard.yaml'),
    `backend_instances:
  bench:
    backend_type: openai-compatible
    endpoint_url: ${target}/v1
    max_concurrent_requests: ${slots}
${more}`,
  );
  const port = await freePort();
  const main = join(root, 'services/standalone/dist/main.js');
  const { child, said } = start([...flagsOfStart(), main], {
    cwd: folder,
    env: {
      ...process.env,
      SWITCHYARD_HTTP_PORT: String(port),
      SWITCHYARD_LOG_LEVEL: 'warn',
      NATS_URL: '',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await until(
    async () =>
      (await fetch(`${url}/v1/models`, { headers }).then((r) => r.json())).data.length > 0,
    'Switchyard',
    said,
  );
  const record = JSON.parse(readFileSync(join(folder, '.switchyard/nats/server.json'), 'utf8'));
  const natsPid = natsPidOf(folder);
  return {
    url,
    pids: [child.pid, natsPid].filter(Boolean),
    natsUrl: `nats://127.0.0.1:${record.port}`,
  };
}

/** What `npm start` gives Node. */
function flagsOfStart() {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

/** The nats-server of a data folder, found by its command line. */
function natsPidOf(folder) {
  const own = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return own.map(Number).find((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return line.includes('nats-server') && line.includes(folder);
    } catch {
      return false;
    }
  });
}

/** Resident memory of processes, in MiB. */
export const rssMib = (pids) =>
  pids.reduce((sum, pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return sum + Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
  }, 0);

/** CPU time that processes have used so far, in ms (clock ticks are 10 ms on Linux). */
export const cpuMs = (pids) =>
  pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) * 10;
  }, 0);

/** Stops everything, the gently stoppable gently. */
export async function stopAll() {
  await Promise.all(
    started.map((child) => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 15_000).unref();
      return gone;
    }),
  );
}
