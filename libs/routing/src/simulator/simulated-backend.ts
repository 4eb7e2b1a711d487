import TinyQueue from 'tinyqueue';
import { BlockLru } from '../prefix/block-lru.js';
import type { BackendSpec } from './backend-spec.js';

/** One attempt at a simulated backend. */
export type SimulatedAttempt = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The keys of the prompt's blocks. */
  readonly keys: ArrayLike<number>;
  readonly dispatchedAtMs: number;
  /** True: it will fail. */
  readonly isFault: boolean;
  /** Prompt tokens that were in the cache; 0 until its prefill begins. */
  hitTokens: number;
  /** What its own prefill took, with no waiting; 0 until then. */
  prefillMs: number;
  /** What loading the model took before it. */
  loadMs: number;
  firstTokenAtMs: number;
};

/** What a backend tells of its attempts. */
export type BackendListener<Attempt extends SimulatedAttempt> = {
  readonly firstToken: (attempt: Attempt, nowMs: number) => void;
  readonly ended: (attempt: Attempt, nowMs: number, isFault: boolean) => void;
};

type Decoding<Attempt> = { readonly attempt: Attempt; readonly endsAtStep: number };
type Failing<Attempt> = { readonly attempt: Attempt; readonly atMs: number };

/**
 * A model server with continuous batching, as a few instants for each request.
 *
 * - Prompts are read one after the other in the order in which they came. What its prefix cache
 *   (blocks, the one used longest ago leaves) holds of a prompt takes no time.
 * - All requests past their first token are decoded together: a step gives each one token and is
 *   longer the more there are. Steps are counted as a fluid (`#steps`): a request costs three
 *   events, however long its answer.
 * - An attempt that will fail holds its slot and nothing else.
 */
export class SimulatedBackend<Attempt extends SimulatedAttempt> {
  readonly spec: BackendSpec;
  /** When something happens next; Infinity where nothing will. */
  nextAtMs = Infinity;
  /** Time spent reading prompts, up to the last event. */
  prefillBusyMs = 0;
  /** Time with a request in it, up to the last event. */
  occupiedMs = 0;
  readonly #blockTokens: number;
  readonly #listener: BackendListener<Attempt>;
  readonly #cache: BlockLru;
  readonly #prompts: Attempt[] = [];
  readonly #decoding = new TinyQueue<Decoding<Attempt>>([], (a, b) => a.endsAtStep - b.endsAtStep);
  readonly #failing = new TinyQueue<Failing<Attempt>>([], (a, b) => a.atMs - b.atMs);
  #promptsFrom = 0;
  #promptEndsAtMs = Infinity;
  #steps = 0;
  #atMs = 0;
  #isLoaded: boolean;

  constructor(spec: BackendSpec, blockTokens: number, listener: BackendListener<Attempt>) {
    this.spec = spec;
    this.#blockTokens = blockTokens;
    this.#listener = listener;
    this.#cache = new BlockLru(spec.cacheBlocks);
    this.#isLoaded = spec.coldStartMs === 0;
  }

  /** Prompt tokens of an attempt that the cache would hold now. */
  hitTokensOf({ keys, inputTokens }: Pick<Attempt, 'keys' | 'inputTokens'>): number {
    const hit = this.#blockTokens * this.#cache.leading(keys);
    // The last token is always computed: its output is what the first token comes from.
    return Math.min(hit, Math.max(0, inputTokens - 1));
  }

  /** How long it will read what it has, until a prompt that came now could begin. */
  readingMsAt(nowMs: number): number {
    if (this.#promptEndsAtMs === Infinity) return 0;
    let readingMs = Math.max(0, this.#promptEndsAtMs - nowMs);
    const { prefillMsFixed, prefillMsPerToken } = this.spec;
    for (let at = this.#promptsFrom + 1; at < this.#prompts.length; at += 1) {
      const attempt = this.#prompts[at] as Attempt;
      const missing = attempt.inputTokens - this.hitTokensOf(attempt);
      readingMs += prefillMsFixed + prefillMsPerToken * missing;
    }
    return readingMs;
  }

  /** Requests in it that are, or will be, decoded together. */
  get batch(): number {
    return this.#decoding.length + this.#prompts.length - this.#promptsFrom;
  }

  /** Takes an attempt in. */
  start(attempt: Attempt, nowMs: number): void {
    this.#elapse(nowMs);
    if (attempt.isFault) {
      this.#failing.push({ attempt, atMs: nowMs + this.spec.faultMs });
    } else {
      this.#prompts.push(attempt);
      if (this.#promptEndsAtMs === Infinity) this.#readNext(nowMs);
    }
    this.#plan();
  }

  /** Lets what is due at `nextAtMs` happen. */
  step(): void {
    const nowMs = this.nextAtMs;
    this.#elapse(nowMs);
    const failing = this.#failing.peek();
    if (failing !== undefined && failing.atMs <= nowMs) {
      this.#failing.pop();
      this.#plan();
      this.#listener.ended(failing.attempt, nowMs, true);
      return;
    }
    if (this.#promptEndsAtMs <= nowMs) this.#finishPrompt(nowMs);
    else this.#finishAnswer(nowMs);
  }

  /** Drops an attempt that must not go on; gives the tokens that it had made by then. */
  stop(attempt: Attempt, nowMs: number): number {
    this.#elapse(nowMs);
    const queuedAt = this.#prompts.indexOf(attempt, this.#promptsFrom);
    let madeTokens = 0;
    if (queuedAt >= 0) {
      this.#prompts.splice(queuedAt, 1);
      if (queuedAt === this.#promptsFrom) this.#readNext(nowMs);
    } else {
      const stopped = takeOut(this.#decoding, attempt);
      const leftSteps = stopped === undefined ? Infinity : stopped.endsAtStep - this.#steps;
      madeTokens = Math.max(0, attempt.outputTokens - Math.ceil(Math.max(0, leftSteps)));
      takeOut(this.#failing, attempt);
    }
    this.#plan();
    return madeTokens;
  }

  /** Everything in it fails at once, and its cache is gone. */
  crash(nowMs: number): void {
    this.#elapse(nowMs);
    const lost = [...this.#prompts.slice(this.#promptsFrom)];
    for (let one = this.#decoding.pop(); one; one = this.#decoding.pop()) lost.push(one.attempt);
    for (let one = this.#failing.pop(); one; one = this.#failing.pop()) lost.push(one.attempt);
    this.#prompts.length = 0;
    this.#promptsFrom = 0;
    this.#promptEndsAtMs = Infinity;
    this.#cache.clear();
    this.#isLoaded = this.spec.coldStartMs === 0;
    this.#plan();
    for (const attempt of lost) this.#listener.ended(attempt, nowMs, true);
  }

  #elapse(nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs <= 0) return;
    const isReading = this.#promptEndsAtMs !== Infinity;
    const isOccupied = isReading || this.#decoding.length > 0 || this.#failing.length > 0;
    if (isReading) this.prefillBusyMs += elapsedMs;
    if (isOccupied) this.occupiedMs += elapsedMs;
    this.#steps += elapsedMs * this.#stepsPerMs();
    this.#atMs = nowMs;
  }

  #stepsPerMs(): number {
    const { decodeStepMs, decodeStepMsPerRequest, decodeShareInPrefill } = this.spec;
    const share = this.#promptEndsAtMs === Infinity ? 1 : decodeShareInPrefill;
    return share / (decodeStepMs + decodeStepMsPerRequest * Math.max(0, this.#decoding.length - 1));
  }

  #readNext(nowMs: number): void {
    const attempt = this.#prompts[this.#promptsFrom];
    if (attempt === undefined) {
      this.#prompts.length = 0;
      this.#promptsFrom = 0;
      this.#promptEndsAtMs = Infinity;
      return;
    }
    const { prefillMsFixed, prefillMsPerToken, coldStartMs } = this.spec;
    attempt.loadMs = this.#isLoaded ? 0 : coldStartMs;
    attempt.hitTokens = this.hitTokensOf(attempt);
    const tokens = attempt.inputTokens - attempt.hitTokens;
    attempt.prefillMs = prefillMsFixed + prefillMsPerToken * tokens;
    this.#promptEndsAtMs = nowMs + attempt.loadMs + attempt.prefillMs;
  }

  #finishPrompt(nowMs: number): void {
    const attempt = this.#prompts[this.#promptsFrom] as Attempt;
    this.#promptsFrom += 1;
    this.#isLoaded = true;
    const { keys } = attempt;
    for (let at = Math.min(keys.length, this.spec.cacheBlocks) - 1; at >= 0; at -= 1) {
      this.#cache.use(keys[at] as number, 0);
    }
    attempt.firstTokenAtMs = nowMs;
    this.#readNext(nowMs);
    const isOneToken = attempt.outputTokens <= 1;
    // The first token comes with the prefill.
    const endsAtStep = this.#steps + attempt.outputTokens - 1;
    if (!isOneToken) this.#decoding.push({ attempt, endsAtStep });
    this.#plan();
    this.#listener.firstToken(attempt, nowMs);
    if (isOneToken) this.#listener.ended(attempt, nowMs, false);
  }

  #finishAnswer(nowMs: number): void {
    const done = this.#decoding.pop() as Decoding<Attempt>;
    this.#steps = Math.max(this.#steps, done.endsAtStep);
    this.#plan();
    this.#listener.ended(done.attempt, nowMs, false);
  }

  #plan(): void {
    const first = this.#decoding.peek();
    const failsAtMs = this.#failing.peek()?.atMs ?? Infinity;
    let endsAtMs = Infinity;
    if (first !== undefined) {
      const rate = this.#stepsPerMs();
      const left = Math.max(0, first.endsAtStep - this.#steps);
      endsAtMs = rate > 0 ? this.#atMs + left / rate : Infinity;
    }
    this.nextAtMs = Math.min(this.#promptEndsAtMs, endsAtMs, failsAtMs);
  }
}

/** Takes the entry of an attempt out of a queue. */
function takeOut<Entry extends { readonly attempt: unknown }>(
  queue: TinyQueue<Entry>,
  attempt: unknown,
): Entry | undefined {
  const others: Entry[] = [];
  let found: Entry | undefined;
  for (let one = queue.pop(); one; one = queue.pop()) {
    if (one.attempt === attempt) found = one;
    else others.push(one);
  }
  for (const one of others) queue.push(one);
  return found;
}
