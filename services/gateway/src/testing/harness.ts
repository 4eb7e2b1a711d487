import { Bus, done } from '@switchyard/bus';
import {
  consumers,
  decode,
  encode,
  type JsonObject,
  lastToken,
  patterns,
  streams,
  subjects,
  type WireBackend,
  type WireCell,
  type WireJob,
  type WireOutcome,
} from '@switchyard/contracts';
import { loadConfig } from '@switchyard/config';
import { noFaults, silentLog } from '@switchyard/domain';
import { noTracing, type Tracing } from '@switchyard/telemetry';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { createGateway, type Gateway } from '../gateway.js';
import { noMetrics } from '../ports.js';
import type { GatewayConfig } from '../settings.js';

/** A job as the test's own router and executor got it. */
class Played {
  constructor(
    readonly bus: Bus,
    readonly job: WireJob & { readonly id: string },
  ) {}

  /** Takes the job as an executor would; false where its cell forbids it. */
  async start(attemptNo = 1): Promise<boolean> {
    const read = await this.bus.cells.read(this.job.id);
    if (read && read.cell.status !== 'submitted' && read.cell.status !== 'retrying') return false;
    const written = await this.bus.cells.write(this.#cell('running', attemptNo), read?.seq ?? 0);
    return written.kind === 'written';
  }

  /** Writes the outcome and tells it. */
  async end(outcome: WireOutcome & { readonly status: string }, attemptNo = 1): Promise<void> {
    const read = await this.bus.cells.read(this.job.id);
    const full = {
      ...outcome,
      attemptNo,
      backendId: 'local',
      decisionId: 'd1',
      finishedAtMs: Date.now(),
    };
    const cell = { ...this.#cell(outcome.status, attemptNo), outcome: full };
    const written = await this.bus.cells.write(cell, read?.seq ?? 0);
    if (written.kind === 'written') this.bus.emit(subjects.result(this.job.id), encode(cell));
  }

  succeed(body: JsonObject, result: WireOutcome['result'] = {}): Promise<void> {
    return this.end({ status: 'succeeded', result: { body, finishReason: 'stop', ...result } });
  }

  /**
   * Sends one chunk of events; where `isStored` is false nobody can read it again, as if it had
   * never been sent.
   */
  chunk(
    firstEvent: number,
    events: readonly string[],
    { attemptNo = 1, offsetCharacters = 0, characters = 0 } = {},
  ): void {
    const place = firstEvent === 0 ? { backendId: 'local', decisionId: 'd1' } : {};
    const chunk = { firstEvent, offsetCharacters, events, characters, ...place };
    this.bus.emit(subjects.chunks(this.job.id, attemptNo), encode(chunk));
  }

  #cell(status: string, attemptNo: number): WireCell & { readonly jobId: string } {
    const { id, account, kind, model, priority, submittedAtMs, bodyHash } = this.job;
    const place = { attemptNo, backendId: 'local', executorId: 'test', decisionId: 'd1' };
    return {
      jobId: id,
      status,
      account,
      kind,
      model,
      priority,
      submittedAtMs,
      bodyHash,
      updatedAtMs: Date.now(),
      ...place,
    };
  }
}

/** Plays router and executor for one job. */
export type Play = (played: Played) => Promise<void> | void;

/** A whole answer as a backend gives it. */
export const completion = (content: string): JsonObject => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
});

/** One streamed event as a backend gives it. */
export const delta = (content: string, finish_reason: string | null = null): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content }, finish_reason }],
  });

/** The one backend of these tests. */
const localBackend: WireBackend = {
  id: 'local',
  kind: 'ollama',
  isEnabled: true,
  supportedModels: [],
  modelAliases: { small: 'm' },
  slots: 4,
  hasCatalogue: true,
  models: [{ id: 'm', kinds: ['chat'], contextWindowTokens: 4096 }],
  origin: 'configured',
  class: 'local',
  updatedAtMs: 1_700_000_000_000,
};

/** What a test may choose about its gateway. */
export type HarnessOptions = {
  readonly apiKeys?: GatewayConfig['apiKeys'];
  readonly queue?: Partial<GatewayConfig['queue']>;
  readonly allowedNetworks?: readonly string[];
  readonly tracing?: Tracing;
  readonly graceMs?: number;
};

function configOf({ apiKeys, queue, allowedNetworks }: HarnessOptions): GatewayConfig {
  const config = loadConfig({ env: {}, cwd: '/', readFile: () => undefined });
  return {
    ...config,
    apiKeys: apiKeys ?? [],
    allowedNetworks: allowedNetworks ?? [],
    gateway: { ...config.gateway, bodyLimitBytes: 1024 * 1024 },
    nats: { ...config.nats, inlineLimitBytes: 64 * 1024 },
    queue: { ...config.queue, ...queue },
  };
}

async function startGateway(bus: Bus, options: HarnessOptions): Promise<Gateway> {
  const gateway = await createGateway({
    bus,
    config: configOf(options),
    log: silentLog,
    metrics: noMetrics,
    tracing: options.tracing ?? noTracing,
    graceMs: options.graceMs,
    instanceId: 'gateway-1',
    now: Date.now,
    faultPoint: noFaults,
  });
  await gateway.listen('127.0.0.1', 0);
  return gateway;
}

/** The gateway on a real nats-server, with a test in the place of router and executor. */
export class Harness {
  /** Jobs as they left JOBS, in order. */
  readonly jobs: (WireJob & { readonly id: string })[] = [];
  play: Play = (played) => played.succeed(completion('hello'));
  #replica: Gateway | undefined;
  readonly #statusHeard = new Set<(isConnected: boolean) => void>();

  private constructor(
    readonly nats: TestNats,
    readonly bus: Bus,
    /** A second connection, on which the test plays the other services. */
    readonly other: Bus,
    readonly gateway: Gateway,
  ) {}

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    const nats = await startTestNats();
    const statusHeard: ((isConnected: boolean) => void)[] = [];
    const onStatus = (isConnected: boolean) => {
      for (const hear of statusHeard) hear(isConnected);
    };
    const [bus, other] = await Promise.all([
      Bus.connect({ url: nats.url, name: 'gateway', onStatus }),
      Bus.connect({ url: nats.url, name: 'test' }),
    ]);
    await bus.provision(Object.values(streams({ queueCapacity: 1_000 })), 1);
    await (await bus.keyValues<WireBackend>('backends')).put('local', localBackend);
    const gateway = await startGateway(bus, options);
    const harness = new Harness(nats, bus, other, gateway);
    statusHeard.push((isConnected) => {
      for (const hear of harness.#statusHeard) hear(isConnected);
    });
    await harness.#consume();
    return harness;
  }

  /** Another gateway on the same NATS; resolves to its address. */
  async replica(options: HarnessOptions = {}): Promise<string> {
    this.#replica = await startGateway(this.other, options);
    return this.#replica.address;
  }

  async stop(): Promise<void> {
    await this.#replica?.close(1_000);
    await this.gateway.close(1_000);
    await Promise.all([this.bus.drain(100), this.other.drain(100)]);
    await this.nats.stop();
  }

  /** Resolves at the next time the gateway's connection to NATS is lost or comes back. */
  connection(isConnected: boolean): Promise<void> {
    return new Promise((resolve) => {
      const hear = (is: boolean) => {
        if (is !== isConnected) return;
        this.#statusHeard.delete(hear);
        resolve();
      };
      this.#statusHeard.add(hear);
    });
  }

  /** Resolves once the test's own connection is back. */
  async otherConnected(): Promise<void> {
    while (!this.other.isConnected) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Resolves with the id at the next cancel hint. */
  nextCancel(): Promise<string> {
    return new Promise((resolve) => {
      const stop = this.other.listen(patterns.cancels, (subject) => {
        stop();
        resolve(lastToken(subject));
      });
    });
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.gateway.address}${path}`, init);
  }

  /** Posts a body as JSON, or a text as it is. */
  post(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal,
    });
  }

  /** Resolves once a job was handed to the router's place; its door may have answered before. */
  async hasJob(): Promise<void> {
    while (this.jobs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async #consume(): Promise<void> {
    for (const priority of ['high', 'normal', 'low'] as const) {
      await this.other.consume({
        consumer: consumers.submissions(priority, 1_000),
        concurrency: 100,
        onProblem: () => {},
        handle: async (delivery) => {
          const job = decode<WireJob & { readonly id: string }>(delivery.data);
          this.jobs.push(job);
          await this.play(new Played(this.other, job));
          return done;
        },
      });
    }
  }
}

/** A response's JSON, as loose as tests want it. */
// oxlint-disable-next-line no-explicit-any -- tests look into answers of every shape
export const jsonOf = async (response: Response): Promise<any> => response.json();

/** A promise and what settles it. */
export function gate<Value = void>() {
  let open: (value: Value) => void = () => {};
  const opened = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** The `data:` payloads of server-sent events. */
export const eventsOf = (text: string): string[] =>
  text
    .split('\n\n')
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length));

/** The ids of server-sent events. */
export const idsOf = (text: string): string[] =>
  text.split('\n').flatMap((line) => (line.startsWith('id: ') ? [line.slice(4)] : []));
