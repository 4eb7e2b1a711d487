import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const main = join(root, 'services', 'standalone', 'dist', 'main.js');

/** How a process ended, and all that it said. */
export type Ended = { readonly code: number | string; readonly out: string; readonly err: string };

/** The built standalone as a process of a test. */
export class StandaloneProcess {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #wakes = new Set<() => void>();
  #out = '';
  #err = '';

  /** Starts in `folder`, on any free port, with only what a test passes of the environment. */
  constructor(folder: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, [main, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      // The test's own home, so that a nats-server in its cache is used and none is fetched.
      env: { PATH: process.env.PATH, HOME: process.env.HOME, SWITCHYARD_HTTP_PORT: '0', ...env },
    });
    this.#child.stdout?.on('data', (chunk) => this.#hear(() => (this.#out += chunk)));
    this.#child.stderr?.on('data', (chunk) => this.#hear(() => (this.#err += chunk)));
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#hear(() => {});
      return { code: (code ?? signal) as number | string, out: this.#out, err: this.#err };
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has said to people. */
  get screen(): string {
    return this.#err;
  }

  /** Every line of its log so far, as JSON. */
  get log(): readonly Record<string, unknown>[] {
    const lines = this.#out.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Where its API is, once it says that it is ready. */
  async ready(): Promise<string> {
    const line = await this.#until(() => this.log.find(({ message }) => message === 'ready'));
    await this.#until(() => this.#err.includes('Try it') || undefined);
    return String(line.apiUrl);
  }

  /** Resolves once the log has the message. */
  told(message: string): Promise<unknown> {
    return this.#until(() => this.log.find((line) => line.message === message));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.signal(signal);
    return this.ended;
  }

  #hear(note: () => void): void {
    note();
    for (const wake of this.#wakes) wake();
  }

  #until<Value>(find: () => Value | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null;
        if (found === undefined && !isOver) return;
        this.#wakes.delete(look);
        if (found !== undefined) resolve(found);
        else reject(new Error(`it ended before that:\n${this.#out}\n${this.#err}`));
      };
      this.#wakes.add(look);
      look();
    });
  }
}

/** The nats-server process that a data folder names; undefined where there is none. */
export async function natsServerPid(dataDir: string): Promise<number | undefined> {
  const path = join(dataDir, 'nats', 'nats-server.process.json');
  const text = await readFile(path, 'utf8').catch(() => '');
  return Number(/"pid":\s*(\d+)/.exec(text)?.[1]) || undefined;
}

/** True while a process lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
