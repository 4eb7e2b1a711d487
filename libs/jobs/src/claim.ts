import { isTerminalState } from './transitions.js';

/** What an executor holds in its hand: one delivery of one dispatch. */
export type DispatchView = {
  readonly attemptNo: number;
  /** Sequence of the dispatch in its stream: which dispatch this is, whatever delivery. */
  readonly dispatchSeq: number;
  /** Which dispatch this is in the words of its router; '' where it says nothing. */
  readonly dispatchId?: string;
  readonly attemptsMax: number;
  readonly resume: string | undefined;
};

/** The part of a state cell that the claim reads. */
export type CellView = {
  readonly status?: string;
  readonly attemptNo?: number;
  readonly dispatchSeq?: number;
  readonly dispatchId?: string;
  readonly streamed?: boolean;
  readonly cancelRequested?: boolean;
  readonly retry?: { readonly attemptNo?: number };
};

/**
 * What the executor must do with the delivery.
 * - `start`: write running for this attempt, from exactly this cell.
 * - `takeOver`: its earlier executor died; write running with the given attempt number.
 * - `cancel`: its earlier executor died before it could obey; write the canceled outcome.
 * - `interrupt`: it died after a chunk had left; write the failed outcome `stream_interrupted`.
 * - `exhaust`: it died and no attempt is left; give the job up.
 * - `resendRetry`, `resendOutcome`: the step after the cell's last write may be missing; repeat it,
 *   then acknowledge.
 * - `drop`: another dispatch counts; acknowledge.
 */
export type Claim =
  | { readonly kind: 'start' }
  | { readonly kind: 'takeOver'; readonly attemptNo: number }
  | {
      readonly kind: 'cancel' | 'interrupt' | 'exhaust' | 'resendRetry' | 'resendOutcome' | 'drop';
    };

/**
 * True where the cell was written for this dispatch: by its sequence, or, where it was claimed
 * before it had one, by its id.
 */
export const isOf = (
  dispatch: Pick<DispatchView, 'dispatchSeq' | 'dispatchId'>,
  cell: CellView,
): boolean =>
  cell.dispatchSeq
    ? cell.dispatchSeq === dispatch.dispatchSeq
    : cell.dispatchId !== undefined && cell.dispatchId === dispatch.dispatchId;

/** Reads the cell for a delivery; `cell` undefined where there is none. */
export function claim(dispatch: DispatchView, cell: CellView | undefined): Claim {
  const status = cell?.status;
  const isOurs = cell !== undefined && isOf(dispatch, cell);
  if (cell === undefined || status === 'submitted')
    return { kind: dispatch.attemptNo === 1 ? 'start' : 'drop' };
  if (isTerminalState(status)) return { kind: isOurs ? 'resendOutcome' : 'drop' };
  if (status === 'retrying') {
    if (isOurs) return { kind: 'resendRetry' };
    return { kind: cell.retry?.attemptNo === dispatch.attemptNo ? 'start' : 'drop' };
  }
  if (status !== 'running' || !isOurs) return { kind: 'drop' };
  if (cell.cancelRequested) return { kind: 'cancel' };
  if (cell.streamed && dispatch.resume !== 'restart') return { kind: 'interrupt' };
  const attemptNo = (cell.attemptNo ?? dispatch.attemptNo) + 1;
  return attemptNo > dispatch.attemptsMax ? { kind: 'exhaust' } : { kind: 'takeOver', attemptNo };
}
