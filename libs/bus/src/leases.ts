import type { Publisher } from './publisher.js';

/**
 * A role held for a limited time. Advisory: it fences nothing, so every write under it is
 * compare-and-set too.
 */
export type Lease = { readonly name: string; readonly holder: string; readonly seq: number };

type LeaseBody = { readonly holder: string };

/**
 * Time-limited roles in the bucket `leases` (history 1).
 *
 * Renewed by raw publish with `Nats-TTL` and expected sequence: `kv.update` drops the TTL, and a
 * lease renewed that way never expires (nats-server 2.15.1).
 */
export class Leases {
  readonly #publisher: Publisher;

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /**
   * Takes the role if nobody else has it: a renewal of ours whose result stayed unknown is found
   * again. TTL at least 1 s, whole seconds. Undefined where another holds it.
   */
  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease | undefined> {
    return this.#write(name, holder, ttlMs, (await this.#openSeq(name, holder)) ?? -1);
  }

  /** Extends the role. Undefined where it was lost meanwhile. */
  renew(lease: Lease, ttlMs: number): Promise<Lease | undefined> {
    return this.#write(lease.name, lease.holder, ttlMs, lease.seq);
  }

  /** Gives the role up at once, so that the next one need not wait for it to expire. */
  async release(lease: Lease): Promise<void> {
    await this.#publisher.publish(subjectOf(lease.name), '', {
      expectedSeq: lease.seq,
      headers: { 'KV-Operation': 'DEL' },
    });
  }

  async #write(
    name: string,
    holder: string,
    ttlMs: number,
    expectedSeq: number,
  ): Promise<Lease | undefined> {
    if (expectedSeq < 0) return undefined;
    const body: LeaseBody = { holder };
    const stored = await this.#publisher.publish(subjectOf(name), JSON.stringify(body), {
      expectedSeq,
      ttlMs,
    });
    return stored.kind === 'stored' ? { name, holder, seq: stored.seq } : undefined;
  }

  /**
   * The sequence that `holder` must name: 0, that of a delete marker or of its own lease; undefined
   * where somebody else holds it.
   */
  async #openSeq(name: string, holder: string): Promise<number | undefined> {
    const answer = await this.#publisher.request(
      `$JS.API.DIRECT.GET.KV_leases.${subjectOf(name)}`,
      '',
    );
    if (answer.headers?.code === 404) return 0;
    const isGone = answer.headers?.get('KV-Operation') || answer.headers?.get('Nats-Marker-Reason');
    const isOpen = isGone || answer.json<LeaseBody>().holder === holder;
    return isOpen ? Number(answer.headers?.get('Nats-Sequence')) : undefined;
  }
}

const subjectOf = (name: string) => `$KV.leases.${name}`;
