import type { Bus } from '@switchyard/bus';
import { AppError, type FailureCode } from '@switchyard/domain';
import type { FromThread, ToThread } from './messages.js';

/** An answer that takes longer than this never comes. */
const askTimeoutMs = 2_000;

type Waiting = {
  readonly resolve: (text: string) => void;
  readonly reject: (error: AppError) => void;
  readonly timer: NodeJS.Timeout;
};

/**
 * In the main thread: asks the services of the other thread directly, without the server in
 * between, as long as they say that they answer.
 */
export class NearAsks {
  readonly #bus: Pick<Bus, 'answerHere'>;
  readonly #say: (message: ToThread) => void;
  readonly #stops = new Map<string, () => void>();
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(bus: Pick<Bus, 'answerHere'>, say: (message: ToThread) => void) {
    this.#bus = bus;
    this.#say = say;
  }

  /** Hears what the thread says of answers. */
  take(message: Extract<FromThread, { readonly kind: 'answers' | 'answered' }>): void {
    if (message.kind === 'answers') {
      this.#stops.get(message.subject)?.();
      this.#stops.delete(message.subject);
      if (message.isAnswering) this.#answer(message.subject);
      return;
    }
    const waiting = this.#waiting.get(message.no);
    if (!waiting) return;
    this.#waiting.delete(message.no);
    clearTimeout(waiting.timer);
    if ('text' in message) waiting.resolve(message.text);
    else waiting.reject(new AppError(message.code as FailureCode, message.message));
  }

  /** The thread has ended: nobody answers any longer. */
  end(): void {
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(silent());
    }
    this.#waiting.clear();
  }

  #answer(subject: string): void {
    const stop = this.#bus.answerHere(subject, (data) => this.#ask(subject, data));
    this.#stops.set(subject, stop);
  }

  #ask(subject: string, data: Uint8Array): Promise<string> {
    this.#asked += 1;
    const no = this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(no);
        reject(silent());
      }, askTimeoutMs);
      this.#waiting.set(no, { resolve, reject, timer });
      this.#say({ kind: 'ask', no, subject, text: Buffer.from(data).toString() });
    });
  }
}

const silent = () =>
  new AppError('unavailable', 'the folding thread does not answer', { retryAfterMs: 1_000 });
