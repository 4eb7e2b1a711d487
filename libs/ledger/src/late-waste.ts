import { type Booking, type ChargeFacts, wasteEntry } from './entries.js';
import type { Receipt } from './settle.js';

/** The receipt of an attempt whose job went on without it. */
export type LateReceipt = Omit<ChargeFacts, 'backendId'> &
  Receipt & {
    readonly jobId: string;
    /** Where it stands in its stream. */
    readonly receiptSeq: number;
  };

/**
 * The waste of a late receipt; undefined where it was free. It ends no hold: the hold ended when
 * the job went on. Receipts are read in order, each once.
 */
export function lateWaste(late: LateReceipt, nowMs: number): Booking | undefined {
  const { costUsdMicros, basis, tariffUsdMicros, usage, jobId, attemptNo, receiptSeq } = late;
  if (costUsdMicros === 0 && basis !== 'unknown') return undefined;
  const { account, backendId, model, kind, apiKey, userId, tags } = late;
  return {
    ...{ account, backendId, model, kind, apiKey, userId, tags },
    ...{ jobId, attemptNo, basis, tariffUsdMicros, usage, receiptSeq },
    atMs: nowMs,
    entries: [wasteEntry(costUsdMicros)],
  };
}
