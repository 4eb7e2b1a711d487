import type { ConsumerSpec } from '@switchyard/contracts';
import type { Provisioner } from './provisioner.js';

/**
 * Makes durable consumers anew, each one once, however often that has to be asked for: every
 * message a consumer had handed out and that is not acknowledged comes again at once.
 *
 * In a cluster with a server down, a new consumer has no leader for 4 to 9 s where the dead server
 * was chosen to lead it, one time in three; until then nobody answers, and the API gives up after
 * 5 s (nats-server 2.15.1). Making all of them anew because one is late would never end.
 */
export class ConsumerRenewal {
  readonly #provisioner: Pick<Provisioner, 'consumer' | 'createdAt' | 'removeConsumer'>;
  /** When the consumer that has to go was made, by its name; undefined where there was none. */
  readonly #old = new Map<string, string | undefined>();

  constructor(provisioner: Pick<Provisioner, 'consumer' | 'createdAt' | 'removeConsumer'>) {
    this.#provisioner = provisioner;
  }

  /** Resolves once all are new. Rejects where one is not known to be: then it is asked again. */
  async renew(specs: readonly ConsumerSpec[]): Promise<void> {
    const ends = await Promise.allSettled(specs.map((spec) => this.#renewOne(spec)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #renewOne(spec: ConsumerSpec): Promise<void> {
    const { name, stream } = spec;
    const key = `${stream}/${name}`;
    const createdAt = await this.#provisioner.createdAt(spec);
    if (!this.#old.has(key)) this.#old.set(key, createdAt);
    const isOld = createdAt !== undefined && createdAt === this.#old.get(key);
    if (isOld) await this.#provisioner.removeConsumer(spec);
    await this.#provisioner.consumer(spec);
  }
}
