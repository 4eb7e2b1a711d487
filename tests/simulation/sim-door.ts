import { EventEmitter } from 'node:events';
import type { Bus } from '@switchyard/bus';
import { Dialect } from '@switchyard/contracts';
import { AppError, type ReachFaultPoint, silentLog } from '@switchyard/domain';
import { noTracing } from '@switchyard/telemetry';
import { Cancellation } from '../../services/gateway/src/cancellation.js';
import { ChatStream } from '../../services/gateway/src/chat-stream.js';
import type { GatewayServices } from '../../services/gateway/src/gateway-services.js';
import { Results } from '../../services/gateway/src/outcome.js';
import { Patience } from '../../services/gateway/src/patience.js';
import type { ExpressLane } from '../../services/gateway/src/ports.js';
import { streamStart } from '../../services/gateway/src/stream-place.js';
import { type Ask, Submission } from '../../services/gateway/src/submission.js';
import { Waiters } from '../../services/gateway/src/waiters.js';
import { attemptsMax, longestWaitMs } from './limits.js';
import { model } from './sim-driver.js';

/** What a door is made from. */
type SimDoorDeps = {
  readonly bus: Bus;
  readonly now: () => number;
  readonly faultPoint: ReachFaultPoint;
  readonly express: ExpressLane | undefined;
};

/** What its clients want, and whom it tells. */
export type Wish = {
  readonly jobId: string;
  readonly stream: boolean;
  readonly isKeyed: boolean;
  readonly hasWaiter: boolean;
  readonly deadlineAtMs: number | undefined;
  readonly accepted: () => void;
  /** Told every byte that a client of a stream has got, and whether the stream ended well. */
  readonly read: (text: string, isWhole: boolean) => void;
};

const settings = {
  apiKeys: [],
  bodyLimitBytes: 1_000_000,
  inlineLimitBytes: 100_000,
  queueTimeoutMs: longestWaitMs / 2,
  queueCapacity: 1_000,
  allowedNetworks: [],
  maxWaitMs: longestWaitMs,
  attemptsMax,
  isPriorityEnabled: true,
};

/**
 * A gateway without HTTP: the product's own submission, waiting, cancelling and streaming, for
 * clients that only keep what they read.
 */
export class SimDoor {
  readonly #submission: Submission;
  readonly #cancellation: Cancellation;
  readonly #patience: Patience;
  readonly #services: GatewayServices;
  readonly #clients = new Map<string, Client>();

  constructor(deps: SimDoorDeps) {
    const { bus, now } = deps;
    const common = { bus, log: silentLog, now, settings, tracing: noTracing };
    const objects = { put: async () => {} } as never;
    const installation = { id: 'sim', secret: Buffer.alloc(32) } as never;
    this.#submission = new Submission({ ...common, ...deps, objects, installation });
    this.#cancellation = new Cancellation(bus, now);
    const waiters = new Waiters(common);
    const [submission, cancellation] = [this.#submission, this.#cancellation];
    this.#patience = new Patience({
      ...common,
      submission,
      waiters,
      cancellation,
      graceMs: 10_000,
    });
    const places = { watch: () => () => {} };
    const backends = { get: () => undefined };
    const results = new Results(bus, objects);
    this.#services = { ...common, places, backends, results } as unknown as GatewayServices;
  }

  /** Serves one client; resolves once it has its answer, or never will. */
  async serve(wish: Wish): Promise<void> {
    const ask = askOf(wish);
    const client = new Client();
    this.#clients.set(wish.jobId, client);
    try {
      if (wish.stream) await this.#stream(wish, ask, client);
      else if (wish.hasWaiter) await this.#wait(wish, ask, client);
      else await this.#submission.submit(wish.jobId, ask).then(wish.accepted);
    } catch (caught) {
      AppError.from(caught);
    } finally {
      this.#clients.delete(wish.jobId);
    }
  }

  /** A client closes its connection. */
  leave(jobId: string): void {
    this.#clients.get(jobId)?.close();
  }

  async cancel(jobId: string): Promise<void> {
    const waiting = { jobId, account, kind: 'chat', model };
    await this.#cancellation.cancel(waiting, 'asked').catch(() => {});
  }

  async #wait({ jobId, accepted }: Wish, ask: Ask, client: Client): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const tell = { ended: () => resolve(), left: resolve };
      const { submitted } = this.#patience.hold(jobId, ask, client as never, tell);
      submitted.then(accepted, reject);
    });
  }

  async #stream({ jobId, accepted, read }: Wish, ask: Ask, client: Client): Promise<void> {
    const stream = new ChatStream({
      jobId,
      dialect: Dialect.chat,
      model,
      includeUsage: false,
      from: streamStart,
      begin: async ({ ended, left }) => {
        await this.#patience.hold(jobId, ask, client as never, { ended, left }).submitted;
        accepted();
        return undefined;
      },
      reply: client.reply as never,
      services: this.#services,
    });
    try {
      await stream.run();
    } finally {
      read(client.text, client.isWhole);
    }
  }
}

/** Everybody's account. */
export const account = 'acc';

const askOf = ({ stream, isKeyed, hasWaiter, deadlineAtMs, jobId }: Wish): Ask => {
  const body = { model, stream, messages: [{ role: 'user', content: 'Which track?' }] };
  return {
    account,
    dialect: Dialect.chat,
    model,
    bodyText: JSON.stringify(body),
    body,
    priority: 5,
    stream,
    hasWaiter,
    deadlineAtMs,
    maxOutputTokens: 100,
    estimatedInputTokens: 10,
    hops: 0,
    ...(isKeyed ? { idempotencyKey: jobId, asked: body } : {}),
  };
};

/** The connection of a client: it keeps what it is sent. */
class Client extends EventEmitter {
  destroyed = false;
  writableEnded = false;
  writableFinished = false;
  readonly writableNeedDrain = false;
  #received = '';

  readonly reply = {
    raw: this,
    request: { url: '/v1/chat/completions', headers: {} },
    header() {},
    hijack() {},
    getHeaders: () => ({}),
  };

  writeHead(): void {}

  write(text: string): boolean {
    this.#received += text;
    return true;
  }

  end(): void {
    this.writableEnded = true;
    this.writableFinished = true;
    this.emit('close');
  }

  close(): void {
    this.destroyed = true;
    this.emit('close');
  }

  /** The answer's text, as a client puts it together. */
  get text(): string {
    return this.#events.map((event) => event.choices?.[0]?.delta?.content ?? '').join('');
  }

  get isWhole(): boolean {
    return this.#received.includes('data: [DONE]');
  }

  get #events(): readonly { choices?: readonly { delta?: { content?: string } }[] }[] {
    const lines = this.#received.split('\n').filter((line) => line.startsWith('data: {'));
    return lines.map((line) => JSON.parse(line.slice('data: '.length)));
  }
}
