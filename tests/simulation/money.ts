import type { Booking, Entry } from '@switchyard/ledger';

/** Breaks a law; returns nothing. */
type Break = (law: string, jobId: string, how: string) => void;

/**
 * What must hold of money at every booking, by plain sums over the stream:
 *
 * - `cap`: what is charged and held together stays within the budget, and whatever is held anew
 *   finds room beside all that is spent.
 * - `hold`: no hold ends twice, nor one that was never opened.
 * - `spent`: what one attempt cost is booked once, as charge or as waste.
 * - `charge`: a job is charged at most once.
 */
export class MoneyLaws {
  readonly #limitUsdMicros: number;
  readonly #break: Break;
  readonly #open = new Map<string, Map<string, number>>();
  readonly #spentFor = new Set<string>();
  readonly #charged = new Set<string>();
  #spentUsdMicros = 0;
  #chargedUsdMicros = 0;
  #heldUsdMicros = 0;

  constructor(limitUsdMicros: number, tellBroken: Break) {
    this.#limitUsdMicros = limitUsdMicros;
    this.#break = tellBroken;
  }

  /** True where money is held for an attempt of the job. */
  isHeld(jobId: string): boolean {
    return (this.#open.get(jobId)?.size ?? 0) > 0;
  }

  isCharged(jobId: string): boolean {
    return this.#charged.has(jobId);
  }

  /** True where something that the attempt cost is booked. */
  isSpent(jobId: string, attemptNo: number): boolean {
    return this.#spentFor.has(`${jobId} ${attemptNo}`);
  }

  /** Follows a booking. */
  book({ jobId, attemptNo, backendId, entries }: Booking): void {
    for (const entry of entries) {
      this.#spentUsdMicros += entry.spentUsdMicros;
      this.#heldUsdMicros += entry.heldUsdMicros;
      if (entry.type !== 'waste') this.#chargedUsdMicros += entry.spentUsdMicros;
      this.#hold(jobId, `${attemptNo} ${backendId}`, entry);
    }
    this.#checkCap(jobId, entries);
    if (entries.some(({ type }) => type === 'post')) {
      if (this.#charged.has(jobId)) this.#break('charge', jobId, 'charged twice');
      this.#charged.add(jobId);
    }
    if (!entries.some(({ spentUsdMicros }) => spentUsdMicros > 0)) return;
    const attempt = `${jobId} ${attemptNo}`;
    if (this.#spentFor.has(attempt)) this.#break('spent', jobId, `attempt ${attemptNo} twice`);
    this.#spentFor.add(attempt);
  }

  #hold(jobId: string, at: string, { type, heldUsdMicros }: Entry): void {
    if (heldUsdMicros === 0) return;
    const open = this.#open.get(jobId) ?? new Map<string, number>();
    this.#open.set(jobId, open);
    const sum = (open.get(at) ?? 0) + heldUsdMicros;
    if (sum < 0) this.#break('hold', jobId, `${type} of ${-heldUsdMicros} at ${at}: ${sum} left`);
    if (sum > 0) open.set(at, sum);
    else open.delete(at);
  }

  #checkCap(jobId: string, entries: readonly Entry[]): void {
    const isHold = entries.some(({ type }) => type === 'hold');
    const counted = isHold ? this.#spentUsdMicros : this.#chargedUsdMicros;
    const sum = counted + this.#heldUsdMicros;
    if (sum <= this.#limitUsdMicros) return;
    const how = `${counted} and ${this.#heldUsdMicros} held, of ${this.#limitUsdMicros}`;
    this.#break('cap', jobId, how);
  }
}
