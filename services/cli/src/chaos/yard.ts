import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { Bus } from '@switchyard/bus';
import type { Environment } from '@switchyard/config';
import { decode, lastToken, type WireCell } from '@switchyard/contracts';
import {
  type Fault as FakeFault,
  type FakeBackend,
  Outcomes,
  startFakeOpenAi,
  startTestNats,
  type TestNats,
} from '@switchyard/testing';
import { CliError } from '../cli-error.js';

/** The one model that the simulated backends have. */
export const chaosModel = 'sim-chat';
const backendCount = 3;
const slotsEach = 50;
const readyWithinMs = 60_000;
const lookEveryMs = 25;
const main = fileURLToPath(new URL('../../../standalone/dist/main.js', import.meta.url));

/**
 * A whole Switchyard of its own that may be broken: a standalone process, its nats-server and
 * simulated backends, all on free ports of loopback and in a temporary folder.
 */
export class ChaosYard {
  readonly #folder: string;
  readonly #port: number;
  readonly #path: string | undefined;
  #child: ChildProcess | undefined;
  #bus: Bus | undefined;
  /** What became of the jobs of the fault that is being tried. */
  outcomes = new Outcomes();

  private constructor(
    readonly nats: TestNats,
    readonly backends: readonly FakeBackend[],
    place: { readonly folder: string; readonly port: number; readonly path: string | undefined },
  ) {
    this.#folder = place.folder;
    this.#port = place.port;
    this.#path = place.path;
  }

  /** Starts everything; of the environment only PATH is passed on. */
  static async open(env: Environment): Promise<ChaosYard> {
    if (!existsSync(main)) {
      throw new CliError('Switchyard is not built', { remedy: 'Run "npm run build" first.' });
    }
    const folder = await mkdtemp(join(tmpdir(), 'switchyard-chaos-'));
    const nats = await startTestNats();
    const backends = await Promise.all(
      Array.from({ length: backendCount }, () => startFakeOpenAi({ models: [chaosModel] })),
    );
    await writeFile(join(folder, 'switchyard.yaml'), configOf(backends));
    const yard = new ChaosYard(nats, backends, {
      folder,
      port: await freePort(),
      path: env.PATH,
    });
    try {
      await yard.start();
      await yard.#follow();
    } catch (caught) {
      await yard.close();
      throw caught;
    }
    return yard;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts the standalone and waits until it takes jobs. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [main], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: this.#path,
        HOME: this.#folder,
        NATS_URL: this.nats.url,
        SWITCHYARD_HTTP_PORT: String(this.#port),
        SWITCHYARD_DATA_DIR: join(this.#folder, 'data'),
        SWITCHYARD_LOG_FORMAT: 'json',
      },
    });
    const log = createWriteStream(join(this.#folder, 'log.jsonl'), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.#child = child;
    const endMonoMs = performance.now() + readyWithinMs;
    while (performance.now() < endMonoMs && child.exitCode === null) {
      const answer = await fetch(`${this.url}/health`).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.status === 200) return;
      await delay(50);
    }
    throw new CliError('the Switchyard to be broken did not get ready');
  }

  /** Ends the standalone by a signal and waits until it is gone; gives its exit code. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const gone = once(child, 'exit');
    child.kill(signal);
    return (await gone)[0] as number | null;
  }

  /** Makes every backend do this instead. */
  async sicken(all: FakeFault): Promise<void> {
    await Promise.all(this.backends.map((backend) => backend.set({ all })));
  }

  /** Makes every backend take so long for an answer. */
  slowDown(delayMs: number): Promise<void> {
    return this.sicken({ kind: 'slow', delayMs });
  }

  /** Sets every backend right again and forgets what their breakers have learned. */
  async heal(): Promise<void> {
    await Promise.all(this.backends.map((backend) => backend.reset()));
    const headers = { 'content-type': 'application/json' };
    for (const at of this.backends.keys()) {
      const url = `${this.url}/api/v1/backends/${backendId(at)}/breaker`;
      const answer = await fetch(url, { method: 'POST', headers, body: '{"action":"reset"}' });
      await answer.body?.cancel();
    }
  }

  /** Waits until every accepted job has an outcome, or the time is over. */
  async settle(timeoutMs: number): Promise<void> {
    const endMonoMs = performance.now() + timeoutMs;
    while (this.outcomes.open.length > 0 && performance.now() < endMonoMs) await delay(50);
  }

  /** Waits until one more job has ended, and tells how long that was; runs may go by unseen. */
  async untilOneEnds(timeoutMs: number): Promise<number> {
    const startMonoMs = performance.now();
    const before = this.outcomes.ended;
    while (this.outcomes.ended === before) {
      if (performance.now() - startMonoMs > timeoutMs) return Number.POSITIVE_INFINITY;
      await delay(20);
    }
    return performance.now() - startMonoMs;
  }

  /** Ends everything and removes the folder. */
  async close(): Promise<void> {
    await this.#bus?.drain().catch(() => {});
    await this.end('SIGKILL');
    await Promise.all([this.nats.stop(), ...this.backends.map((backend) => backend.stop())]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #follow(): Promise<void> {
    this.#bus = await Bus.connect({ url: this.nats.url, name: 'switchyard-chaos' });
    await this.#bus.follow({
      stream: 'STATE',
      fromSeq: 1,
      everyMs: lookEveryMs,
      tell: (subject, data) => this.outcomes.see(lastToken(subject), decode<WireCell>(data)),
      onProblem: () => {},
    });
  }
}

const backendId = (at: number): string => `backend-${at + 1}`;

const configOf = (backends: readonly FakeBackend[]): string =>
  [
    'backend_instances:',
    ...backends.flatMap(({ url }, at) => [
      `  ${backendId(at)}:`,
      '    backend_type: openai-compatible',
      `    endpoint_url: ${url}/v1`,
      `    max_concurrent_requests: ${slotsEach}`,
      '    first_token_timeout: 2s',
    ]),
    'queue:\n  retry_delays: [100ms]\n',
  ].join('\n');

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
