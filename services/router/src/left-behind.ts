import type { Bus } from '@switchyard/bus';
import type { Log } from '@switchyard/domain';

/** How often it is looked, in milliseconds, and how many looks in a row must find the same. */
export const lookEveryMs = 5_000;
const looksMax = 3;
const streams = ['JOBS', 'RETRIES'] as const;

/** Where a waiting job came from. */
type Waiting = { readonly origin: { readonly stream: string; readonly seq: number } };

type Context = { readonly bus: Pick<Bus, 'streamState'>; readonly log: Log };

/**
 * Finds messages that the server has handed out and nobody has. What the leader of a consumer had
 * sent when it was killed comes again only after the acknowledgement wait, which is long here; the
 * connection to another server of the cluster tells nothing of it.
 */
export class LeftBehind {
  readonly #context: Context;
  readonly #waiting: () => Iterable<Waiting> | false;
  readonly #seen = new Map<string, { readonly seq: number; readonly looks: number }>();

  /** `waiting`: every job that waits here; false where another router has them. */
  constructor(context: Context, waiting: () => Iterable<Waiting> | false) {
    this.#context = context;
    this.#waiting = waiting;
  }

  /**
   * Calls `found` where the oldest message of a stream was the same for several looks and no
   * waiting job is it. Everything else is younger, or is dispatched and gone by the next look.
   */
  async look(found: () => void): Promise<void> {
    for (const stream of streams) {
      const state = await this.#context.bus.streamState(stream).catch(() => undefined);
      if (state && this.#isFound(stream, state)) {
        const { firstSeq: seq } = state;
        this.#context.log.warn(
          { stream, seq },
          'handed out and in nobody’s hands: taken over anew',
        );
        found();
      }
    }
  }

  #isFound(stream: string, { messages, firstSeq: seq }: { messages: number; firstSeq: number }) {
    const waiting = this.#waiting();
    const before = this.#seen.get(stream);
    this.#seen.delete(stream);
    if (!waiting || messages === 0 || isHeld(waiting, stream, seq)) return false;
    const looks = before?.seq === seq ? before.looks + 1 : 1;
    if (looks < looksMax) this.#seen.set(stream, { seq, looks });
    return looks >= looksMax;
  }
}

function isHeld(waiting: Iterable<Waiting>, stream: string, seq: number): boolean {
  for (const { origin } of waiting) if (origin.seq === seq && origin.stream === stream) return true;
  return false;
}
