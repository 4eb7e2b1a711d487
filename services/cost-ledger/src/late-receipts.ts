import type { Bus } from '@switchyard/bus';
import { decode, type WireLateReceipt } from '@switchyard/contracts';
import { AppError, type Log } from '@switchyard/domain';
import type { LateReceipt } from '@switchyard/ledger';
import { receiptOf } from './cell-facts.js';

const stream = 'RECEIPTS';

/** What `followLateReceipts` needs. */
type LateReceiptsDeps = { readonly bus: Pick<Bus, 'follow' | 'streamState'>; readonly log: Log };

/**
 * Tells every receipt that no state cell could take, in order, those behind `bookedSeq` first.
 * Resolves, to what stops it, once what is there now is told.
 */
export async function followLateReceipts(
  { bus, log }: LateReceiptsDeps,
  bookedSeq: number,
  tell: (late: LateReceipt) => void,
): Promise<() => Promise<void>> {
  const lastSeq = await bus.streamState(stream).then(
    (state) => state.lastSeq,
    () => 0,
  );
  return bus.follow({
    stream,
    // A stream made anew begins below where the old one ended.
    fromSeq: (lastSeq < bookedSeq ? 0 : bookedSeq) + 1,
    tell: (_subject, data, seq) => tell(lateReceiptOf(decode<WireLateReceipt>(data), seq)),
    onProblem: (cause) =>
      log.warn({ err: AppError.from(cause).message }, 'late receipts cannot be read'),
  });
}

function lateReceiptOf(late: WireLateReceipt, receiptSeq: number): LateReceipt {
  const { jobId = '', account = '', model = '', kind = '', userId, tags, apiKey, attempt } = late;
  const { attemptNo = 0, backendId = '', cost, usage } = attempt ?? {};
  const facts = { jobId, receiptSeq, account, model, kind, userId, tags, apiKey };
  return { ...facts, ...receiptOf({ attemptNo, backendId }, cost, usage) };
}
