import type { FakeFaults } from './faults.js';

/** How a fake backend behaves when nothing goes wrong. */
export type FakeOptions = {
  /** @default 0: a free one */
  readonly port?: number;
  /** @default ['sim-chat', 'sim-embed']; names with `embed` in them serve embeddings */
  readonly models?: readonly string[];
  /** @default 0 */
  readonly firstTokenDelayMs?: number;
  /** Pace of the answer; 0: all at once. @default 0 */
  readonly tokensPerSecond?: number;
  /** Length of an answer where the request sets no lower limit. @default 20 */
  readonly outputTokens?: number;
  /**
   * Requests served at once; above it OpenAI's form answers 429, Ollama's 503. @default no limit
   */
  readonly maxConcurrent?: number;
  /**
   * `words`: the same text for everyone, quick; `echo`: the last user message comes back. @default
   * 'words'
   */
  readonly text?: 'words' | 'echo';
  /** Required as bearer token where set. */
  readonly apiKey?: string;
  /** More headers on every response. */
  readonly headers?: Readonly<Record<string, string>>;
  /** OpenAI's form only: which server it claims to be. @default 'openai' */
  readonly flavour?: 'openai' | 'vllm' | 'llama.cpp';
  /** vllm and llama.cpp only: how full its `/metrics` say the KV cache is. @default 0 */
  readonly kvUsedRatio?: number;
  /** OpenAI's form only: what its usage says beside the counts, such as `{ cost: 0.01 }`. */
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly faults?: FakeFaults;
};

export type FakeKind = 'ollama' | 'openai';

/** What a fake backend has seen; the same object all the time, its numbers change. */
export type FakeCounts = {
  /** Inference requests, refused ones included. */
  calls: number;
  /** Inference requests without an end so far. */
  running: number;
  runningMax: number;
  /** Inference requests answered in full with 200. */
  completed: number;
  /** Inference requests whose client closed the connection before the end. */
  aborted: number;
  /** Requests for models, health, version and the like. */
  checks: number;
  /** TCP connections accepted. */
  connections: number;
};

/** The last inference request, as it came. */
export type FakeRequest = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
};

/** A running fake backend. */
export type FakeBackend = {
  readonly kind: FakeKind;
  /** Without a path: `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  readonly counts: Readonly<FakeCounts>;
  readonly lastRequest: FakeRequest | undefined;
  /** Replaces all faults. */
  set(faults: FakeFaults): Promise<void>;
  /** Takes all faults away and starts counting at 0. */
  reset(): Promise<void>;
  /**
   * Resolves as soon as the counts satisfy `isMet`; rejects with the counts after `timeoutMs`.
   * @default 5000
   */
  until(isMet: (counts: Readonly<FakeCounts>) => boolean, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
};
