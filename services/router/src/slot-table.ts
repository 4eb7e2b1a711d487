/**
 * What the router believes of one backend's slots; the server is the truth and refuses what is
 * wrong.
 */
type Slots = { readonly holders: Map<number, Holder>; count: number; nextFree: number };
type Holder = { readonly jobId: string; readonly sinceMonoMs: number };

/** The holder of a slot that somebody else took. */
const stranger = '?';
/** A dispatch younger than this may not be in the server's list yet. */
const settleMs = 2_000;

/**
 * The slots of every backend: which are free by what this router dispatched and heard.
 * It may be wrong in both directions; `reconcile` puts it right from the server's own list.
 */
export class SlotTable {
  readonly #backends = new Map<string, Slots>();
  /** When each slot was last given free: the server's list may be older than that. */
  readonly #releasedAtMonoMs = new Map<string, number>();

  resize(backendId: string, count: number): void {
    const slots = this.#backends.get(backendId);
    if (slots) slots.count = count;
    else this.#backends.set(backendId, { holders: new Map(), count, nextFree: 0 });
  }

  remove(backendId: string): void {
    this.#backends.delete(backendId);
  }

  inFlight(backendId: string): number {
    return this.#backends.get(backendId)?.holders.size ?? 0;
  }

  /** Takes a free slot for a job; undefined where all are taken. */
  take(backendId: string, jobId: string, nowMonoMs: number): number | undefined {
    const slots = this.#backends.get(backendId);
    if (!slots || slots.holders.size >= slots.count) return undefined;
    for (let tried = 0; tried < slots.count; tried += 1) {
      const slot = (slots.nextFree + tried) % slots.count;
      if (slots.holders.has(slot)) continue;
      slots.holders.set(slot, { jobId, sinceMonoMs: nowMonoMs });
      slots.nextFree = slot + 1;
      return slot;
    }
    return undefined;
  }

  /** The server refused the slot: somebody else has it. */
  markTaken(backendId: string, slot: number, nowMonoMs: number): void {
    this.#backends.get(backendId)?.holders.set(slot, { jobId: stranger, sinceMonoMs: nowMonoMs });
  }

  /** An executor says that the slot is free. False where another job holds it by now. */
  release(backendId: string, slot: number, jobId: string): boolean {
    const holders = this.#backends.get(backendId)?.holders;
    const holder = holders?.get(slot);
    if (!holders || !holder || (holder.jobId !== jobId && holder.jobId !== stranger)) return false;
    holders.delete(slot);
    this.#releasedAtMonoMs.set(`${backendId}.${slot}`, performance.now());
    return true;
  }

  /**
   * Puts the table in line with the server's list of occupied slots, asked for at `askedAtMonoMs`;
   * returns the backends that changed, and the jobs whose slots were given free unheard.
   */
  reconcile(
    occupied: ReadonlyMap<string, ReadonlySet<number>>,
    askedAtMonoMs: number,
  ): { readonly backendIds: Iterable<string>; readonly freedJobIds: readonly string[] } {
    const changed = new Set<string>();
    const freedJobIds: string[] = [];
    for (const [backendId, { holders }] of this.#backends) {
      const there = occupied.get(backendId) ?? new Set<number>();
      for (const [slot, { jobId, sinceMonoMs }] of holders) {
        if (there.has(slot) || askedAtMonoMs - sinceMonoMs < settleMs) continue;
        holders.delete(slot);
        freedJobIds.push(jobId);
        changed.add(backendId);
      }
      for (const slot of there) {
        const releasedAtMonoMs = this.#releasedAtMonoMs.get(`${backendId}.${slot}`) ?? 0;
        if (holders.has(slot) || releasedAtMonoMs > askedAtMonoMs) continue;
        holders.set(slot, { jobId: stranger, sinceMonoMs: askedAtMonoMs });
        changed.add(backendId);
      }
    }
    return { backendIds: changed, freedJobIds };
  }
}
