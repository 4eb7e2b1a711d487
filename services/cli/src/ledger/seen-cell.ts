import {
  isTerminal,
  type WireCell,
  type WireCost,
  type WireLateReceipt,
} from '@switchyard/contracts';
import type { SeenCell, SeenLateReceipt, SeenReceipt } from '@switchyard/ledger';

/** Where a message stands in its stream. */
export type Place = { readonly seq: number; readonly storedAtMs: number };

/**
 * What a state cell shows of money. Worked out from the cell alone and apart from the cost-ledger,
 * so that a mistake of either is seen.
 */
export function seenCellOf(cell: WireCell, jobId: string, place: Place): SeenCell {
  const { account = '', model = '', kind = '', submittedAtMs = 0 } = cell;
  const charged = chargedAttemptNo(cell);
  return {
    ...place,
    ...labelsOf(cell),
    jobId,
    account,
    model,
    kind,
    submittedAtMs,
    state: stateOf(cell),
    liveAttemptNo: (cell.status === 'retrying' && cell.retry?.attemptNo) || (cell.attemptNo ?? 1),
    receipts: receiptsOf(cell),
    ...(charged === undefined ? {} : { chargedAttemptNo: charged }),
  };
}

/** What a late receipt shows; undefined where it says nothing of money. */
export function seenLateReceiptOf(
  late: WireLateReceipt,
  place: Place,
): SeenLateReceipt | undefined {
  const { jobId = '', account = '', model = '', kind = '', attempt = {} } = late;
  const { attemptNo = 0, backendId = '', cost } = attempt;
  if (!cost) return undefined;
  const receipt = receiptOf(attemptNo, backendId, cost);
  return { ...place, ...labelsOf(late), ...receipt, jobId, account, model, kind };
}

const labelsOf = ({ apiKey, tags }: Pick<WireCell, 'apiKey' | 'tags'>) => ({
  ...(apiKey ? { apiKey } : {}),
  ...(tags && tags.length > 0 ? { tags } : {}),
});

function stateOf({ status, attemptNo }: WireCell): SeenCell['state'] {
  if (isTerminal(status)) return 'ended';
  return status === 'submitted' || attemptNo === undefined ? 'waiting' : 'open';
}

/** A job pays for its result, for what was streamed of one, and for what its caller stopped. */
function chargedAttemptNo({ outcome, status, streamed }: WireCell): number | undefined {
  const pays = status === 'succeeded' || status === 'canceled' || streamed === true;
  return pays ? outcome?.attemptNo : undefined;
}

function receiptsOf({ attempts = [], outcome }: WireCell): SeenReceipt[] {
  const receipts = new Map<number, SeenReceipt>();
  for (const { attemptNo = 0, backendId = '', cost } of attempts) {
    if (cost) receipts.set(attemptNo, receiptOf(attemptNo, backendId, cost));
  }
  if (outcome?.cost) {
    const { attemptNo = 0, backendId = '', cost } = outcome;
    receipts.set(attemptNo, receiptOf(attemptNo, backendId, cost));
  }
  return [...receipts.values()];
}

function receiptOf(attemptNo: number, backendId: string, { usdMicros, basis }: WireCost) {
  const amount = Number(usdMicros ?? 0);
  const isAmount = Number.isSafeInteger(amount) && amount >= 0;
  // What is no amount says as little as a price that nobody knows.
  const isUnpriced = !isAmount || basis === 'unknown';
  return { attemptNo, backendId, usdMicros: isAmount ? amount : 0, isUnpriced };
}
