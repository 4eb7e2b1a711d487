import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultPoint } from '@switchyard/domain';
import { type TestNats, startTestNats } from '@switchyard/testing';

/** The services of this form, each a process of its own in the layout `six`. */
const services = {
  gateway: 'services/gateway',
  router: 'services/router',
  'health-monitor': 'services/health-monitor',
  'task-tracker': 'services/task-tracker',
  'cost-ledger': 'services/cost-ledger',
  'executor-ollama': 'services/executors/ollama',
  'executor-openai-compatible': 'services/executors/openai-compatible',
  standalone: 'services/standalone',
} as const;
export type ServiceName = keyof typeof services;

/**
 * `six`: every service its own process; `one`: all in the standalone process. Both beside the
 * test's nats-server.
 */
export type Layout = 'six' | 'one';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const readyTimeoutMs = 90_000;
const portTries = 3;
/** Where what the processes say, and the server's store, are kept for whoever looks for a cause. */
const keepFolder = process.env.SWITCHYARD_TEST_KEEP;

export type ProcessOptions = {
  readonly faultPoint?: `${FaultPoint}@${number}` | FaultPoint;
  /** Another way to NATS than the direct one. */
  readonly natsUrl?: string;
  /** How far the clock of the process is off. @default 0 */
  readonly clockOffMs?: number;
  /** Of a gateway beside the first one. @default the one all share */
  readonly httpPort?: number;
  /** @default true; false where it cannot become ready */
  readonly isAwaited?: boolean;
};

/** A server, or a cluster, as far as the processes beside it need it. */
type Nats = { readonly url: string; stop(): Promise<void> };

/** One service as a process. */
export type ServiceProcess = {
  readonly name: ServiceName;
  readonly pid: number;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Where its /health is. */
  readonly adminUrl: string;
  kill9(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<number | string>;
};

/** Built services as processes of a test, beside a real nats-server. */
export class Processes<Server extends Nats = TestNats> {
  readonly nats: Server;
  readonly httpPort: number;
  readonly #folder: string;
  readonly #running = new Set<ServiceProcess>();

  private constructor(nats: Server, folder: string, httpPort: number) {
    this.nats = nats;
    this.#folder = folder;
    this.httpPort = httpPort;
  }

  /** Starts the nats-server; `config` is the text of switchyard.yaml. */
  static async open(config: string): Promise<Processes> {
    return Processes.beside(await startTestNats(), config);
  }

  /** Takes a server that runs; it is stopped with the rest. */
  static async beside<Server extends Nats>(
    nats: Server,
    config: string,
  ): Promise<Processes<Server>> {
    const folder = await mkdtemp(join(tmpdir(), 'switchyard-faults-'));
    await writeFile(join(folder, 'switchyard.yaml'), config);
    return new Processes(nats, folder, await freePort());
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  /**
   * Starts the services of a layout, or those of `six` that are named, and waits until each is
   * ready.
   */
  async startAll(layout: Layout, only?: readonly ServiceName[]): Promise<ServiceProcess[]> {
    const names = (Object.keys(services) as ServiceName[]).filter((name) =>
      layout === 'one'
        ? name === 'standalone'
        : !['standalone', 'executor-ollama', 'cost-ledger'].includes(name),
    );
    return Promise.all((only ?? names).map((name) => this.start(name)));
  }

  async start(name: ServiceName, options: ProcessOptions = {}): Promise<ServiceProcess> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#start(name, options);
      } catch (caught) {
        // Somebody took the port after it was found free.
        if (tries === portTries || !String(caught).includes('EADDRINUSE')) throw caught;
      }
    }
  }

  async #start(name: ServiceName, options: ProcessOptions): Promise<ServiceProcess> {
    const adminPort = await freePort();
    const { httpPort = this.httpPort } = options;
    const child = spawn(process.execPath, [join(root, services[name], 'dist', 'main.js')], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: this.#folder,
        NATS_URL: options.natsUrl ?? this.nats.url,
        SWITCHYARD_HTTP_PORT: String(httpPort),
        SWITCHYARD_ADMIN_PORT: String(adminPort),
        SWITCHYARD_DATA_DIR: join(this.#folder, name),
        SWITCHYARD_LOG_FORMAT: 'json',
        ...(options.faultPoint ? { SWITCHYARD_FAULT_POINT: options.faultPoint } : {}),
        ...(options.clockOffMs ? { NODE_OPTIONS: clockOff(options.clockOffMs) } : {}),
      },
    });
    const said = collect(child);
    if (keepFolder) keepWords(child, keepFolder, name);
    const exited = once(child, 'exit').then(
      ([code, signal]) => (code ?? signal) as number | string,
    );
    const port = name === 'gateway' || name === 'standalone' ? httpPort : adminPort;
    const made: ServiceProcess = {
      name,
      pid: child.pid ?? 0,
      adminUrl: `http://127.0.0.1:${port}`,
      exited,
      signal: (signal) => void child.kill(signal),
      kill9: async () => {
        child.kill('SIGKILL');
        await exited;
      },
      stop: () => {
        child.kill('SIGTERM');
        return exited;
      },
    };
    this.#running.add(made);
    void exited.then(() => this.#running.delete(made));
    if (options.isAwaited !== false) await untilReady(port, name, exited, said);
    return made;
  }

  /** Ends everything this test started and removes its folder. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.kill9()));
    if (keepFolder && 'storeDir' in this.nats) {
      const to = join(keepFolder, `store-${process.pid}-${this.httpPort}`);
      // The server still writes: what it removes meanwhile ends the copy, and nothing else.
      await cp(String(this.nats.storeDir), to, { recursive: true }).catch(() => {});
    }
    await this.nats.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Node's own clock, moved before anything else is loaded. */
function clockOff(offMs: number): string {
  const code = `const now = Date.now; Date.now = () => now() + ${offMs};
    globalThis.Date = class extends Date {
      constructor(...given) { super(...(given.length > 0 ? given : [Date.now()])); }
    };`;
  return `--import data:text/javascript,${encodeURIComponent(code)}`;
}

function collect(child: ChildProcess): () => string {
  let text = '';
  const keep = (data: Buffer) => {
    text = (text + data.toString()).slice(-4_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => text;
}

function keepWords(child: ChildProcess, folder: string, name: string): void {
  mkdirSync(folder, { recursive: true });
  const file = createWriteStream(join(folder, `${name}-${child.pid}.log`));
  for (const words of [child.stdout, child.stderr]) words?.pipe(file, { end: false });
}

async function untilReady(
  port: number,
  name: string,
  exited: Promise<number | string>,
  said: () => string,
): Promise<void> {
  const endMonoMs = performance.now() + readyTimeoutMs;
  let ended: number | string | undefined;
  void exited.then((code) => {
    ended = code;
  });
  while (performance.now() < endMonoMs) {
    if (ended !== undefined) throw new Error(`${name} ended with ${ended}: ${said()}`);
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} was not ready in ${readyTimeoutMs} ms: ${said()}`);
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
