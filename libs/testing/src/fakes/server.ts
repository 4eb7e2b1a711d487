import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FakeFaults, faultAt } from './faults.js';
import type { FakeBackend, FakeCounts, FakeKind, FakeOptions, FakeRequest } from './options.js';
import { isCut, playFault, playReply, sendWhole } from './play.js';
import type { RequestBody, Wire } from './wire.js';

const noCounts = (): FakeCounts => ({
  calls: 0,
  running: 0,
  runningMax: 0,
  completed: 0,
  aborted: 0,
  checks: 0,
  connections: 0,
});

/**
 * Starts a fake backend that speaks `wire` on 127.0.0.1. Every response says
 * `x-switchyard-simulated: true`. Another process sets faults with `POST /__fake/faults` (a
 * FakeFaults as JSON), reads `GET /__fake/counts` and starts over with `POST /__fake/reset`.
 */
export async function startFake(
  kind: FakeKind,
  wire: Wire,
  options: FakeOptions,
): Promise<FakeBackend> {
  const fake = new FakeServer(kind, wire, options);
  await fake.listen(options.port ?? 0);
  if (options.faults) await fake.set(options.faults);
  return fake;
}

class FakeServer implements FakeBackend {
  readonly counts: FakeCounts = noCounts();
  port = 0;
  lastRequest: FakeRequest | undefined;
  #server: Server | undefined;
  #faults: FakeFaults = {};
  #waiting: (() => void)[] = [];
  readonly #headers: readonly string[];

  constructor(
    readonly kind: FakeKind,
    private readonly wire: Wire,
    private readonly options: FakeOptions,
  ) {
    this.#headers = [
      'x-switchyard-simulated',
      'true',
      ...Object.entries(options.headers ?? {}).flat(),
    ];
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async listen(port: number): Promise<void> {
    const server = createServer((request, response) => this.#take(request, response));
    server.on('connection', () => {
      this.counts.connections += 1;
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async set(faults: FakeFaults): Promise<void> {
    this.#faults = faults;
    if (faults.refuse) await this.stop();
    else if (!this.#server) await this.listen(this.port);
  }

  async reset(): Promise<void> {
    Object.assign(this.counts, noCounts());
    this.lastRequest = undefined;
    await this.set({});
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  until(isMet: (counts: Readonly<FakeCounts>) => boolean, timeoutMs = 5_000): Promise<void> {
    if (isMet(this.counts)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!isMet(this.counts)) return;
        leave();
        resolve();
      };
      const leave = () => {
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((waiting) => waiting !== look);
      };
      const timer = setTimeout(() => {
        leave();
        reject(new Error(`not met after ${timeoutMs} ms: ${JSON.stringify(this.counts)}`));
      }, timeoutMs);
      this.#waiting.push(look);
    });
  }

  #changed(): void {
    for (const look of this.#waiting) look();
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/';
    const isInference = request.method === 'POST' && this.wire.inferencePaths.has(path);
    const index = isInference ? this.#countCall(response) : 0;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString();
      if (isInference) this.#infer({ index, path, text, headers: request.headers }, response);
      else if (path.startsWith('/__fake/')) this.#control(path, text, response);
      else this.#check(request, path, text, response);
    });
  }

  /** Counts a request and gives its index. */
  #countCall(response: ServerResponse): number {
    const { counts } = this;
    counts.calls += 1;
    counts.running += 1;
    if (counts.running > counts.runningMax) counts.runningMax = counts.running;
    response.on('close', () => {
      counts.running -= 1;
      // A fault that ends the connection itself is not the client's abort.
      if (!response.writableFinished) counts.aborted += isCut(response) ? 0 : 1;
      else if (response.statusCode === 200) counts.completed += 1;
      this.#changed();
    });
    this.#changed();
    return counts.calls - 1;
  }

  #infer(call: Call, response: ServerResponse): void {
    const { options, wire, counts } = this;
    const { path, headers } = call;
    const answer = { response, headers: this.#headers, wire };
    if (options.apiKey && headers.authorization !== `Bearer ${options.apiKey}`) {
      return sendWhole(answer, 401, wire.error(401, 'Incorrect API key provided'));
    }
    const body = parse(call.text);
    if (!body) return sendWhole(answer, 400, wire.error(400, 'the body is not a JSON object'));
    this.lastRequest = { path, headers, body };
    const fault = faultAt(this.#faults, call.index);
    if (!fault && options.maxConcurrent !== undefined && counts.running > options.maxConcurrent) {
      return sendWhole(answer, wire.busy.status, wire.error(wire.busy.status, wire.busy.message));
    }
    const reply = wire.reply(path, body, {
      models: options.models ?? defaultModels,
      outputTokens: options.outputTokens ?? 20,
      text: options.text ?? 'words',
      isUsageMissing: fault?.kind === 'missingUsage',
      usage: options.usage,
    });
    const pace = {
      firstTokenDelayMs: options.firstTokenDelayMs ?? 0,
      tokensPerSecond: options.tokensPerSecond ?? 0,
    };
    if (fault && fault.kind !== 'missingUsage') playFault(answer, reply, pace, fault);
    else playReply(answer, reply, pace);
  }

  #check(request: IncomingMessage, path: string, text: string, response: ServerResponse): void {
    this.counts.checks += 1;
    this.#changed();
    const answer = { response, headers: this.#headers, wire: this.wire };
    const { apiKey } = this.options;
    if (this.#faults.checks) return sendWhole(answer, 500, this.wire.error(500, 'simulated fault'));
    if (apiKey && path !== '/health' && request.headers.authorization !== `Bearer ${apiKey}`) {
      return sendWhole(answer, 401, this.wire.error(401, 'Incorrect API key provided'));
    }
    const body = this.wire.check(request.method ?? 'GET', path, text);
    if (body === undefined) sendWhole(answer, 404, this.wire.error(404, `no such page: ${path}`));
    else sendWhole(answer, 200, body);
  }

  #control(path: string, text: string, response: ServerResponse): void {
    const answer = { response, headers: this.#headers, wire: this.wire };
    const faults = path === '/__fake/faults' ? (parse(text) as FakeFaults | undefined) : undefined;
    if (path === '/__fake/reset') void this.reset();
    else if (faults && !faults.refuse) void this.set(faults);
    else if (path !== '/__fake/counts') return sendWhole(answer, 400, '{"error":"not understood"}');
    sendWhole(answer, 200, JSON.stringify(this.counts));
  }
}

/** The models of a fake that is told none. */
export const defaultModels: readonly string[] = ['sim-chat', 'sim-embed'];

type Call = {
  readonly index: number;
  readonly path: string;
  readonly text: string;
  readonly headers: IncomingMessage['headers'];
};

function parse(text: string): RequestBody | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as RequestBody)
      : undefined;
  } catch {
    return undefined;
  }
}
