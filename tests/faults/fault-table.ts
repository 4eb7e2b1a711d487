import { appendFileSync } from 'node:fs';
import type { Count, FaultRow } from '@switchyard/testing';

/** Writes a row to the file that `npm run test:faults` prints as one table. */
export function tellRow(
  row: string,
  fault: string,
  { accepted, lost, twice, chargedTwice, byStatus }: Count,
  more: Pick<FaultRow, 'recoveryMs' | 'figures' | 'seen'> = {},
): void {
  const file = process.env.SWITCHYARD_TEST_FAULT_TABLE;
  const counted = { submitted: accepted, finished: accepted - lost, lost, duplicated: twice };
  const { failed = 0, expired = 0 } = byStatus;
  const told: FaultRow = { row, fault, ...counted, chargedTwice, failed, expired, ...more };
  if (file) appendFileSync(file, `${JSON.stringify(told)}\n`);
}

/** The value below which `share` of the numbers are. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** What every row must reach. */
export const nothingLost = { lost: 0, twice: 0, chargedTwice: 0 };
