import { AppError } from '@switchyard/domain';
import type { FromThread, ToThread } from './messages.js';

type Answer = (data: Uint8Array) => Promise<string | Uint8Array> | string | Uint8Array;

/** In the thread: answers what the main thread asks directly. */
export class NearAnswers {
  readonly #say: (message: FromThread) => void;
  readonly #answers = new Map<string, Answer>();

  constructor(say: (message: FromThread) => void) {
    this.#say = say;
  }

  /** Answers a subject for the main thread; returns what stops it. */
  readonly add = (subject: string, answer: Answer): (() => void) => {
    this.#answers.set(subject, answer);
    this.#say({ kind: 'answers', subject, isAnswering: true });
    return () => {
      this.#answers.delete(subject);
      this.#say({ kind: 'answers', subject, isAnswering: false });
    };
  };

  /** Hears an ask. */
  async take({ no, subject, text }: Extract<ToThread, { readonly kind: 'ask' }>): Promise<void> {
    try {
      const answer = this.#answers.get(subject);
      if (!answer) throw new AppError('unavailable', 'nobody answers this subject any longer');
      const answered = await answer(Buffer.from(text));
      this.#say({ kind: 'answered', no, text: Buffer.from(answered).toString() });
    } catch (caught) {
      const { code, message } = AppError.from(caught);
      this.#say({ kind: 'answered', no, code, message });
    }
  }
}
