import { InFlight } from '@switchyard/domain';

/**
 * A message's content: bytes from NATS; from this process also its text, or the very message, which
 * nobody may change.
 */
export type Payload = Uint8Array | string | object;

/** Told of each message on the subjects it listens to; `false`: it concerns nobody here. */
export type Hear = (subject: string, data: Payload) => unknown;

type Listener = { readonly tokens: readonly string[]; readonly hear: Hear };

/**
 * The listeners of this process by subject pattern (`*` is one token, a last `>` one or more).
 *
 * What this process sends to its own listeners comes to them directly: the way through the server
 * and back was a third of a millisecond for each outcome, and a wake-up for each slot and chunk.
 */
export class Listeners {
  /** By the first two tokens of the pattern, so that 1,000 open streams cost no search. */
  readonly #byHead = new InFlight<string, Set<Listener>>();

  /** Adds a listener; returns what takes it off again. */
  add(pattern: string, hear: Hear): () => void {
    const tokens = pattern.split('.');
    const head = headOf(tokens);
    const listener = { tokens, hear };
    const listeners = this.#byHead.get(head) ?? new Set<Listener>();
    this.#byHead.set(head, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byHead.get(head) === listeners) this.#byHead.take(head);
    };
  }

  /**
   * Tells a message to every listener whose pattern its subject matches; returns how many of them
   * it concerns.
   */
  tell(subject: string, data: Payload): number {
    const firstDot = subject.indexOf('.');
    const secondDot = firstDot < 0 ? -1 : subject.indexOf('.', firstDot + 1);
    const two = secondDot < 0 ? subject : subject.slice(0, secondDot);
    let heard = this.#tellHead(two, subject, data) + this.#tellHead(everything, subject, data);
    if (firstDot >= 0) heard += this.#tellHead(`${subject.slice(0, firstDot)}.*`, subject, data);
    return heard;
  }

  #tellHead(head: string, subject: string, data: Payload): number {
    const listeners = this.#byHead.get(head);
    if (!listeners) return 0;
    let heard = 0;
    for (const { tokens, hear } of [...listeners]) {
      if (!matches(tokens, subject)) continue;
      try {
        if (hear(subject, data) !== false) heard += 1;
      } catch (cause) {
        // One listener's fault is not the sender's, nor the next listener's.
        process.emitWarning(`a listener of ${head} failed: ${String(cause)}`);
      }
    }
    return heard;
  }
}

const everything = '*';

function headOf([first = '', second]: readonly string[]): string {
  if (first === '*' || first === '>') return everything;
  if (second === undefined) return first;
  return `${first}.${second === '>' ? '*' : second}`;
}

function matches(pattern: readonly string[], subject: string): boolean {
  const tokens = subject.split('.');
  for (let at = 0; at < pattern.length; at += 1) {
    if (pattern[at] === '>') return tokens.length > at;
    if (at >= tokens.length || (pattern[at] !== '*' && pattern[at] !== tokens[at])) return false;
  }
  return tokens.length === pattern.length;
}
