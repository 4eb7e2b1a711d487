import {
  type AttemptRequest,
  type BackendDriver,
  type CheckResult,
  type DriverEvent,
  DriverFailure,
} from '@switchyard/drivers';
import type { Owner } from './clock.js';
import type { Dice } from './dice.js';

/** How the simulated backends behave; shares from 0 to 1. */
export type Mood = { failure: number; durationMaxMs: number };

/** Told of each call of a backend; returns its number. */
type CountCall = (jobId: string, attemptNo: number) => number;

export const model = 'sim-model';
const failureCodes = ['upstream_error', 'upstream_unreachable', 'rate_limited'] as const;
const piecesMax = 4;

/** A backend that answers after a while, at once or in pieces, or fails, as the seed says. */
export class SimDriver implements BackendDriver {
  readonly capabilities = { kinds: ['chat'], streamedKinds: ['chat'], cancels: true } as const;
  readonly #dice: Dice;
  readonly #mood: Mood;
  readonly #count: CountCall;
  readonly #owner: Owner;

  constructor(owner: Owner, dice: Dice, mood: Mood, count: CountCall) {
    this.#owner = owner;
    this.#dice = dice;
    this.#mood = mood;
    this.#count = count;
  }

  async check(): Promise<CheckResult> {
    const catalogue = { models: [{ id: model, kinds: ['chat'] }] } as never;
    return { kind: 'passed', durationMs: 1, catalogue, simulated: true };
  }

  /** Every piece of an answer names its call, so that pieces of two are told apart. */
  async *start(request: AttemptRequest, signal: AbortSignal): AsyncIterable<DriverEvent> {
    // A process that died a moment ago calls nobody.
    if (this.#owner.isDead) await new Promise(() => {});
    const call = this.#count(request.jobId, request.attemptNo);
    const pieces = this.#dice.between(1, piecesMax);
    const pauseMs = this.#dice.between(5, this.#mood.durationMaxMs) / pieces;
    const failsAt = this.#dice.happens(this.#mood.failure) ? this.#dice.between(1, pieces) : 0;
    let text = '';
    for (let piece = 1; piece <= pieces; piece += 1) {
      await wait(pauseMs, signal);
      if (piece === failsAt) this.#fail();
      const content = `${call}/${piece} `;
      text += content;
      if (request.stream) yield eventsOf(content, piece === pieces ? 'stop' : null);
    }
    yield resultOf(text);
  }

  async close(): Promise<void> {}

  #fail(): never {
    const code = this.#dice.one(failureCodes);
    throw new DriverFailure(
      code,
      'simulated',
      code === 'rate_limited' ? { retryAfterMs: 2_000 } : {},
    );
  }
}

const frame = { id: 'chatcmpl-sim', created: 1, model };

const eventsOf = (content: string, finish_reason: string | null): DriverEvent => {
  const choices = [{ index: 0, delta: { content }, finish_reason }];
  const event = JSON.stringify({ ...frame, object: 'chat.completion.chunk', choices });
  return { kind: 'events', events: [event], characters: content.length, hasContent: true };
};

const resultOf = (content: string): DriverEvent => {
  const message = { role: 'assistant', content };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  return {
    kind: 'result',
    body: { ...frame, object: 'chat.completion', choices },
    usage: { inputTokens: 10, outputTokens: content.length, basis: 'reported' },
    finishReason: 'stop',
    backendModel: model,
    simulated: true,
  };
};

function wait(forMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, forMs);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
