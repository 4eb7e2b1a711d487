import type { Log } from '@switchyard/domain';

/**
 * What has to be stopped, the last started first. A part that fails to stop does not keep the
 * others.
 */
export class Stops {
  readonly #log: Log;
  #stopped: Promise<void> | undefined;
  readonly #stops: { readonly name: string; readonly stop: () => Promise<unknown> }[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** Adds a part that has just been started. */
  add(name: string, stop: () => Promise<unknown>): void {
    this.#stops.push({ name, stop });
  }

  /** Stops one part after the other. Called again, it waits for the same stop. */
  all(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    for (let part = this.#stops.pop(); part; part = this.#stops.pop()) {
      const { name, stop } = part;
      this.#log.debug({ part: name }, 'stopping');
      await stop().catch((cause: unknown) => {
        this.#log.warn({ part: name, err: String(cause) }, 'a part did not stop in order');
      });
    }
  }
}
