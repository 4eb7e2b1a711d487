import {
  type FakeBackend,
  type FakeOptions,
  startFakeOpenAi,
  type TestNats,
} from '@switchyard/testing';
import { Oracle } from './oracle.js';
import {
  type ProcessOptions,
  Processes,
  type ServiceName,
  type ServiceProcess,
} from './processes.js';

const executor: ServiceName = 'executor-openai-compatible';
const others: readonly ServiceName[] = [
  'gateway',
  'router',
  'health-monitor',
  'task-tracker',
  'cost-ledger',
];

/** An answer of the OpenAI door; `text` is what came before the connection ended. */
type Answered = { readonly status: number; readonly text: string; readonly jobId: string };

/** What was seen of breakers: how many were open at once, and which was the first. */
type BreakersSeen = {
  readonly openMax: number;
  readonly firstOpen: { readonly id: string; readonly atMs: number } | undefined;
};

/** Everything one row of the fault table needs, and its end. */
export class Scene {
  readonly #fakes: FakeBackend[] = [];
  readonly #stops: (() => Promise<unknown>)[] = [];
  processes!: Processes;
  oracle!: Oracle;
  executors: ServiceProcess[] = [];
  services: ReadonlyMap<ServiceName, ServiceProcess> = new Map();

  async fake(options: FakeOptions = {}): Promise<FakeBackend> {
    const fake = await startFakeOpenAi({ models: ['fake-model'], ...options });
    this.#fakes.push(fake);
    return fake;
  }

  fakes(count: number, options: FakeOptions = {}): Promise<FakeBackend[]> {
    return Promise.all(Array.from({ length: count }, () => this.fake(options)));
  }

  /** Asks on the OpenAI door; a job counts as accepted unless the answer is that it is not. */
  async chat(more: object = {}): Promise<Answered> {
    const url = `${this.processes.apiUrl}/v1/chat/completions`;
    const answer = await fetch(url, chatRequest(more));
    const text = await answer.text().catch(() => '(cut)');
    const jobId = answer.headers.get('x-switchyard-job') ?? '';
    if (jobId && answer.status !== 503) this.oracle.accept(jobId);
    return { status: answer.status, text, jobId };
  }

  async resetBreaker(backendId: string): Promise<void> {
    const url = `${this.processes.apiUrl}/api/v1/backends/${backendId}/breaker`;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: '{"action":"reset"}' });
    if (!answer.ok) throw new Error(await answer.text());
    await answer.text();
  }

  /** Looks at the breakers four times a second; `stop` tells what was seen. */
  watchBreakers(): { stop(): BreakersSeen } {
    let openMax = 0;
    let firstOpen: BreakersSeen['firstOpen'];
    const look = async () => {
      const answer = await fetch(`${this.processes.apiUrl}/api/v1/backends`);
      const { backends } = (await answer.json()) as { backends: { id: string; breaker: string }[] };
      const open = backends.filter(({ breaker }) => breaker === 'open');
      openMax = Math.max(openMax, open.length);
      if (open[0]) firstOpen ??= { id: open[0].id, atMs: Date.now() };
    };
    const timer = setInterval(() => void look().catch(() => {}), 250);
    return {
      stop: () => {
        clearInterval(timer);
        return { openMax, firstOpen };
      },
    };
  }

  /** Starts every service beside `nats` as a process of its own, with so many executors. */
  async open(
    config: string,
    executors: readonly ProcessOptions[] = [{}],
    nats?: TestNats,
  ): Promise<void> {
    this.processes = await (nats ? Processes.beside(nats, config) : Processes.open(config));
    const { processes } = this;
    const started = await processes.startAll('six', others);
    this.services = new Map(started.map((service) => [service.name, service]));
    this.executors = [];
    for (const options of executors) this.executors.push(await this.executor(options));
    this.oracle = await Oracle.open(processes.nats.url);
  }

  /** The standalone beside a server of the test. */
  async openStandalone(config: string, nats?: TestNats): Promise<ServiceProcess> {
    this.processes = await (nats ? Processes.beside(nats, config) : Processes.open(config));
    const standalone = await this.processes.start('standalone');
    this.oracle = await Oracle.open(this.processes.nats.url);
    return standalone;
  }

  executor(options: ProcessOptions = {}): Promise<ServiceProcess> {
    return this.processes.start(executor, options);
  }

  service(name: ServiceName): ServiceProcess {
    const found = this.services.get(name);
    if (!found) throw new Error(`${name} was not started`);
    return found;
  }

  /** A server for `config`, beside which a test starts what it wants. */
  async openServer(config: string): Promise<Processes> {
    this.processes = await Processes.open(config);
    return this.processes;
  }

  /** Follows the jobs from now on; the services must have made the streams. */
  async openOracle(): Promise<Oracle> {
    this.oracle = await Oracle.open(this.processes.nats.url);
    return this.oracle;
  }

  /** Calls `stop` at the end. */
  atEnd(stop: () => Promise<unknown>): void {
    this.#stops.push(stop);
  }

  /** One scene for one test, however that ends. */
  static async with(act: (scene: Scene) => Promise<void>): Promise<void> {
    const scene = new Scene();
    try {
      await act(scene);
    } finally {
      await scene.close();
    }
  }

  async close(): Promise<void> {
    await this.oracle?.close();
    await this.processes?.close();
    for (const stop of this.#stops) await stop();
    for (const fake of this.#fakes) await fake.stop();
  }
}

/** A chat request on the OpenAI door, as `fetch` takes it. */
export const chatRequest = (more: object = {}, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({
    model: 'fake-model',
    messages: [{ role: 'user', content: 'Which track?' }],
    ...more,
  }),
});
