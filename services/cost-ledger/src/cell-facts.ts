import { isTerminal, type WireCell, type WireCost, type WireUsage } from '@switchyard/contracts';
import type { CellFacts, Receipt } from '@switchyard/ledger';

/** What a state cell says of money. */
export function cellFactsOf(cell: WireCell, jobId: string, cellSeq: number): CellFacts {
  const { account = '', model = '', kind = '', userId, tags, apiKey } = cell;
  const facts = { jobId, cellSeq, account, model, kind, userId, tags, apiKey };
  const charged = chargedAttemptNoOf(cell);
  return {
    ...facts,
    liveAttemptNo: liveAttemptNoOf(cell),
    ...(cell.status === 'running' ? { runsAt: cell.backendId } : {}),
    receipts: receiptsOf(cell),
    ...(charged === undefined ? {} : { chargedAttemptNo: charged }),
  };
}

/** Attempts below this one have ended. */
function liveAttemptNoOf({ status, attemptNo = 0, retry }: WireCell): number {
  if (isTerminal(status)) return Infinity;
  return status === 'retrying' ? (retry?.attemptNo ?? attemptNo + 1) : attemptNo;
}

/**
 * A job pays for what its caller got or stopped: a result, a part of a stream, an attempt that was
 * canceled. What failed before anything was sent is the operator's.
 */
function chargedAttemptNoOf({ outcome, streamed }: WireCell): number | undefined {
  if (!outcome) return undefined;
  const isCharged =
    outcome.status === 'succeeded' || outcome.status === 'canceled' || streamed === true;
  return isCharged ? outcome.attemptNo : undefined;
}

function receiptsOf({ attempts = [], outcome }: WireCell): readonly Receipt[] {
  const receipts = new Map<number, Receipt>();
  for (const { attemptNo = 0, backendId = '', cost, usage } of attempts) {
    receipts.set(attemptNo, receiptOf({ attemptNo, backendId }, cost, usage));
  }
  if (outcome?.cost) {
    const { attemptNo = 0, backendId = '', cost, usage } = outcome;
    receipts.set(attemptNo, receiptOf({ attemptNo, backendId }, cost, usage));
  }
  return [...receipts.values()];
}

/** What an attempt cost; 0 where it was free. */
export function receiptOf(
  attempt: Pick<Receipt, 'attemptNo' | 'backendId'>,
  cost: WireCost | undefined,
  usage: WireUsage | undefined,
): Receipt {
  if (!cost) return { ...attempt, costUsdMicros: 0 };
  const costUsdMicros = amountOf(cost.usdMicros ?? 0);
  const tariffUsdMicros = amountOf(cost.tariffUsdMicros);
  const { inputTokens = 0, outputTokens = 0, cachedInputTokens } = usage ?? {};
  // What is no amount is nobody's guess: it is flagged, and the job's hold ends all the same.
  const basis = costUsdMicros === undefined ? 'unknown' : cost.basis;
  return {
    ...attempt,
    costUsdMicros: costUsdMicros ?? 0,
    ...(basis ? { basis } : {}),
    ...(tariffUsdMicros === undefined ? {} : { tariffUsdMicros }),
    ...(usage ? { usage: { inputTokens, outputTokens, cachedInputTokens } } : {}),
  };
}

/** Undefined for what is negative, not whole, above 2^53 or no number. */
function amountOf(value: string | number | undefined): number | undefined {
  const amount = value === undefined || value === '' ? Number.NaN : Number(value);
  return Number.isSafeInteger(amount) && amount >= 0 ? amount : undefined;
}
