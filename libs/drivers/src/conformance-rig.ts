import { ConnectionPool } from './connection-pool.js';
import type {
  AttemptRequest,
  BackendDriver,
  DriverEvent,
  DriverEvents,
  DriverOptions,
  DriverResult,
  MakeDriver,
} from './driver.js';
import { DriverFailure } from './failure.js';
import type { JsonObject } from './json.js';

/** What the suite needs of a fake backend; `@switchyard/testing`'s have it. */
export type ConformanceServer = {
  readonly url: string;
  readonly counts: { readonly calls: number; readonly aborted: number; readonly running: number };
  readonly lastRequest:
    | {
        readonly headers: Readonly<Record<string, unknown>>;
        readonly body: Readonly<Record<string, unknown>>;
      }
    | undefined;
  set(faults: {
    readonly all?: object;
    readonly refuse?: boolean;
    readonly checks?: boolean;
  }): Promise<void>;
  reset(): Promise<void>;
  until(isMet: (counts: ConformanceServer['counts']) => boolean, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
};

/** The fake of a driver's protocol. It must serve `sim-chat` and `sim-embed`. */
export type ConformanceFake = {
  readonly start: (options?: {
    readonly apiKey?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly text?: 'echo';
  }) => Promise<ConformanceServer>;
  /** The path under which the protocol lives: `/v1`, or nothing. */
  readonly basePath: string;
};

/** What an attempt came to. */
export type Ran = {
  readonly batches: readonly DriverEvents[];
  readonly chunks: readonly JsonObject[];
  /** Content of all chunks, in order. */
  readonly text: string;
  readonly characters: number;
  readonly result: DriverResult | undefined;
  readonly failure: unknown;
};

export const prompt = 'PROMPT-CANARY please count to three';
export const apiKey = 'sk-canary-0123456789abcdef';

/** Makes drivers and attempts against one fake, and closes them. */
export class ConformanceRig {
  readonly #drivers: BackendDriver[] = [];

  constructor(
    private readonly makeDriver: MakeDriver,
    private readonly basePath: string,
  ) {}

  driver(server: ConformanceServer, options: Partial<DriverOptions> = {}): BackendDriver {
    const driver = this.makeDriver({
      backend: {
        id: 'backend-1',
        endpointUrl: server.url + this.basePath,
        connectTimeoutMs: 1_000,
        apiKey,
      },
      pool: new ConnectionPool(),
      ...options,
    });
    this.#drivers.push(driver);
    return driver;
  }

  async close(): Promise<void> {
    await Promise.all(this.#drivers.splice(0).map((driver) => driver.close()));
  }
}

/** An attempt at a chat that streams or not; `body` adds to the caller's body. */
export function chat(stream: boolean, body: JsonObject = {}): AttemptRequest {
  return attempt('openai.chat', stream, { messages: [{ role: 'user', content: prompt }], ...body });
}

export function attempt(
  dialect: AttemptRequest['dialect'],
  stream: boolean,
  body: JsonObject,
): AttemptRequest {
  const kinds = {
    'openai.chat': 'chat',
    'openai.completion': 'completion',
    'openai.embedding': 'embedding',
  } as const;
  const callers: JsonObject = {
    model: 'alias-of-the-caller',
    ...(stream ? { stream } : {}),
    ...body,
  };
  return {
    jobId: 'job-1',
    attemptNo: 1,
    kind: kinds[dialect],
    dialect,
    model: dialect === 'openai.embedding' ? 'sim-embed' : 'sim-chat',
    body: deepFreeze(callers),
    stream,
    timeouts: { firstByteMs: 5_000, totalMs: 10_000 },
    hop: { hops: 1, instance: 'gateway-1' },
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
}

/** Runs an attempt to its end, whatever that is. */
export async function run(
  driver: BackendDriver,
  request: AttemptRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<Ran> {
  const events: DriverEvent[] = [];
  let failure: unknown;
  try {
    for await (const event of driver.start(request, signal)) events.push(event);
  } catch (caught) {
    failure = caught;
  }
  const batches = events.filter((event) => event.kind === 'events');
  const chunks = batches
    .flatMap((batch) => batch.events)
    .map((text) => JSON.parse(text) as JsonObject);
  return {
    batches,
    chunks,
    text: chunks.map(contentOf).join(''),
    characters: batches.reduce((sum, batch) => sum + batch.characters, 0),
    result: events.find((event) => event.kind === 'result'),
    failure,
  };
}

/** The answer text of one chunk. */
const contentOf = (chunk: JsonObject): string => {
  const [choice] = (chunk.choices ?? []) as {
    delta?: { content?: string | null };
    text?: string;
  }[];
  return choice?.delta?.content ?? choice?.text ?? '';
};

/** The answer text of a whole response. */
export const answerOf = (body: JsonObject | undefined): string => {
  const [choice] = (body?.choices ?? []) as {
    message?: { content?: string | null };
    text?: string;
  }[];
  return choice?.message?.content ?? choice?.text ?? '';
};

/** The code of a failure; the failure itself where it is none of ours. */
export const codeOf = (ran: Ran): unknown =>
  ran.failure instanceof DriverFailure ? ran.failure.code : ran.failure;

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
