import type { ObjectStore } from '@nats-io/obj';

/** Bodies too large for a message, by name. Written before the message that names them. */
export class Objects {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  async put(name: string, data: Uint8Array): Promise<void> {
    await this.#store.putBlob({ name }, data);
  }

  /** The bytes, or undefined where there is no such object. */
  async get(name: string): Promise<Uint8Array | undefined> {
    return (await this.#store.getBlob(name)) ?? undefined;
  }

  async delete(name: string): Promise<void> {
    await this.#store.delete(name);
  }
}
