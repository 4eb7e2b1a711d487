/** Keeps what a test starts, and stops it the last started first. */
export class Started {
  readonly #things: { stop(): Promise<unknown> }[] = [];

  keep<Thing extends { stop(): Promise<unknown> }>(thing: Thing): Thing {
    this.#things.unshift(thing);
    return thing;
  }

  async stop(): Promise<void> {
    for (const thing of this.#things.splice(0)) await thing.stop();
  }
}
