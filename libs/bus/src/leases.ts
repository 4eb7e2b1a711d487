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
    const found = await this.#find(name);
    const isOpen = found?.holder === undefined || found.holder === holder;
    return isOpen ? this.#write(name, holder, ttlMs, found?.seq ?? 0) : undefined;
  }

  /**
   * Extends the role. Undefined where it was lost meanwhile. It was not where an earlier renewal
   * was stored and its answer got lost: only its holder writes a holder's name, and each write
   * names the one before.
   */
  async renew({ name, holder, seq }: Lease, ttlMs: number): Promise<Lease | undefined> {
    const renewed = await this.#write(name, holder, ttlMs, seq);
    if (renewed) return renewed;
    const found = await this.#find(name);
    return found?.holder === holder ? this.#write(name, holder, ttlMs, found.seq) : undefined;
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
    const body: LeaseBody = { holder };
    const stored = await this.#publisher.publish(subjectOf(name), JSON.stringify(body), {
      expectedSeq,
      ttlMs,
    });
    return stored.kind === 'stored' ? { name, holder, seq: stored.seq } : undefined;
  }

  /** What stands there: who holds it, or nobody where a delete marker does; undefined for none. */
  async #find(
    name: string,
  ): Promise<{ readonly seq: number; readonly holder?: string } | undefined> {
    const answer = await this.#publisher.request(
      `$JS.API.DIRECT.GET.KV_leases.${subjectOf(name)}`,
      '',
    );
    if (answer.headers?.code === 404) return undefined;
    const seq = Number(answer.headers?.get('Nats-Sequence'));
    const isGone = answer.headers?.get('KV-Operation') || answer.headers?.get('Nats-Marker-Reason');
    return isGone ? { seq } : { seq, holder: answer.json<LeaseBody>().holder };
  }
}

const subjectOf = (name: string) => `$KV.leases.${name}`;
