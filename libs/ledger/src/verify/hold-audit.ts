import type { Booking } from '../entries.js';
import { scopeKeysOf } from '../scopes.js';
import type { Difference } from './difference.js';

/** A hold that is open, and the booking that opened it. */
export type AuditedHold = {
  readonly jobId: string;
  readonly attemptNo: number;
  readonly scopes: readonly string[];
  readonly usdMicros: number;
  readonly atMs: number;
  readonly ledgerSeqs: readonly number[];
};

/** Follows every hold from the booking that opens it to the one that ends it. */
export class HoldAudit {
  readonly #open = new Map<string, AuditedHold>();
  readonly differences: Difference[] = [];

  /** Those without an end so far. */
  open(): Iterable<AuditedHold> {
    return this.#open.values();
  }

  add(seq: number, booking: Booking): void {
    let [opened, freed, posted, overrun] = [0, 0, 0, 0];
    let isEnd = false;
    for (const { type, heldUsdMicros, spentUsdMicros } of booking.entries) {
      if (type === 'hold') opened += heldUsdMicros;
      else freed -= heldUsdMicros;
      if (type === 'void') isEnd = true;
      if (type === 'post') posted += spentUsdMicros;
      if (type === 'overrun') overrun += spentUsdMicros;
    }
    if (opened > 0) this.#begin(seq, booking, opened);
    if (isEnd || freed !== 0 || overrun > 0) this.#end(seq, booking, freed);
    const isBeyond = (freed > 0 && posted > freed) || (overrun > 0 && posted !== freed);
    if (isBeyond) {
      const amounts = { expectedUsdMicros: freed, foundUsdMicros: posted };
      this.#differ('beyond_hold', booking, { ...amounts, ledgerSeqs: [seq] });
    }
  }

  #begin(seq: number, booking: Booking, usdMicros: number): void {
    const { jobId, attemptNo, atMs } = booking;
    const key = keyOf(booking);
    const known = this.#open.get(key);
    const ledgerSeqs = [...(known?.ledgerSeqs ?? []), seq];
    const sum = usdMicros + (known?.usdMicros ?? 0);
    if (known) {
      const amounts = { expectedUsdMicros: known.usdMicros, foundUsdMicros: sum };
      this.#differ('held_twice', booking, { ...amounts, ledgerSeqs });
    }
    const scopes = scopeKeysOf(booking);
    // What it must be is the first of them: so its end is judged.
    const due = known?.usdMicros ?? usdMicros;
    this.#open.set(key, { jobId, attemptNo, scopes, usdMicros: due, atMs, ledgerSeqs });
  }

  #end(seq: number, booking: Booking, freed: number): void {
    const key = keyOf(booking);
    const known = this.#open.get(key);
    this.#open.delete(key);
    const expectedUsdMicros = -(known?.usdMicros ?? 0);
    const ledgerSeqs = [...(known?.ledgerSeqs ?? []), seq];
    const found = { expectedUsdMicros, foundUsdMicros: -freed, ledgerSeqs };
    if (known?.usdMicros !== freed) this.#differ('no_hold', booking, found);
    else if (!sameScopes(known.scopes, scopeKeysOf(booking))) {
      this.#differ('another_scope', booking, { ...found, expectedScopes: known.scopes });
    }
  }

  #differ(
    kind: Difference['kind'],
    booking: Booking,
    found: Pick<
      Difference,
      'expectedUsdMicros' | 'foundUsdMicros' | 'ledgerSeqs' | 'expectedScopes'
    >,
  ): void {
    const { jobId, attemptNo } = booking;
    const scopes = scopeKeysOf(booking);
    this.differences.push({ kind, column: 'held', scopes, jobId, attemptNo, ...found });
  }
}

const keyOf = ({ jobId, attemptNo, backendId }: Booking): string =>
  `${jobId}/${attemptNo}/${backendId}`;

/** True where both name the same scopes. */
export const sameScopes = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((scope) => b.includes(scope));
