import type { Bus } from '@switchyard/bus';
import type { Verification } from '@switchyard/ledger';
import { readAndVerify } from '@switchyard/service-cli';
import { foldLedger } from '../e2e/ledger-reading.js';

const lookAgainMs = 250;
/** In which everything is to be settled. */
const graceMs = 60_000;

/**
 * What `switchyard ledger verify` says once everything is settled; what is not when its time is
 * over is judged so.
 */
export async function verifySettled(bus: Bus, waitMs = graceMs): Promise<Verification> {
  const endMonoMs = performance.now() + waitMs;
  for (;;) {
    const found = await readAndVerify(bus, { nowMs: Date.now() });
    if (found.pending.count === 0) return found;
    if (performance.now() > endMonoMs) break;
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
  return readAndVerify(bus, { nowMs: Date.now() + graceMs });
}

/** How far the bookings went: at their highest, and at the end. */
export type Spending = {
  readonly spentUsdMicros: number;
  readonly heldUsdMicros: number;
  /** Of spent and held together, at any hold. */
  readonly mostAtHoldUsdMicros: number;
  readonly mostSpentUsdMicros: number;
  readonly overrunUsdMicros: number;
  readonly holds: number;
};

/** Sums up every booking in order. */
export async function spendingOf(bus: Bus): Promise<Spending> {
  const { bookings } = await foldLedger(bus);
  let [spent, held, mostAtHold, mostSpent, overrun, holds] = [0, 0, 0, 0, 0, 0];
  for (const { entries } of bookings) {
    for (const { type, spentUsdMicros, heldUsdMicros } of entries) {
      spent += spentUsdMicros;
      held += heldUsdMicros;
      mostSpent = Math.max(mostSpent, spent);
      if (type === 'overrun') overrun += spentUsdMicros;
      if (type !== 'hold') continue;
      holds += 1;
      mostAtHold = Math.max(mostAtHold, spent + held);
    }
  }
  return {
    spentUsdMicros: spent,
    heldUsdMicros: held,
    mostAtHoldUsdMicros: mostAtHold,
    mostSpentUsdMicros: mostSpent,
    overrunUsdMicros: overrun,
    holds,
  };
}

/** How long after the outcome of its job each hold ended, in milliseconds. */
export async function holdsOutliving(
  bus: Bus,
  endedAtMs: (jobId: string) => number,
): Promise<readonly number[]> {
  const { bookings } = await foldLedger(bus);
  return bookings
    .filter(({ entries }) => entries.some(({ heldUsdMicros }) => heldUsdMicros < 0))
    .map(({ jobId, atMs }) => atMs - endedAtMs(jobId));
}
