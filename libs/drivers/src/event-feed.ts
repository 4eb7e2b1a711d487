import type { DriverEvents } from './driver.js';

/** Text held for a slow reader before the backend is made to wait, in characters. */
const heldCharactersMax = 1024 * 1024;

/**
 * The events of a stream between the network, which pushes, and the attempt, which takes all that
 * has come since it last did: several per network read, or more where the reader is slower. Holds
 * about a megabyte, then asks to pause.
 */
export class EventFeed {
  #events: string[] = [];
  #characters = 0;
  #hasContent = false;
  #held = 0;
  #hasEnded = false;
  #failure: { readonly reason: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** Adds one event. */
  push(event: string, characters: number, hasContent: boolean): void {
    this.#events.push(event);
    this.#characters += characters;
    this.#held += event.length;
    if (hasContent) this.#hasContent = true;
    this.#call();
  }

  end(): void {
    this.#hasEnded = true;
    this.#call();
  }

  /** Ends the feed with a failure, which is met when everything before it has been taken. */
  fail(reason: unknown): void {
    this.#failure = { reason };
    this.end();
  }

  /** Drops what was not taken: the reader is to hear of the failure at once. */
  clear(): void {
    this.#events = [];
    this.#held = 0;
  }

  get isFull(): boolean {
    return this.#held > heldCharactersMax;
  }

  /** All events that have come, or undefined at the end of the feed; rejects with its failure. */
  async take(): Promise<DriverEvents | undefined> {
    while (this.#events.length === 0) {
      if (this.#failure) throw this.#failure.reason;
      if (this.#hasEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const taken: DriverEvents = {
      kind: 'events',
      events: this.#events,
      characters: this.#characters,
      hasContent: this.#hasContent,
    };
    this.#events = [];
    this.#characters = 0;
    this.#hasContent = false;
    this.#held = 0;
    return taken;
  }

  #call(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
