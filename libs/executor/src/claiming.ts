import type { Delivery, ReadCell } from '@switchyard/bus';
import type { WireDispatch } from '@switchyard/contracts';
import { claim } from '@switchyard/jobs';
import { type Cell, endedAttempt, runningCell } from './cell-forms.js';
import type { ExecutorContext } from './context.js';
import { costOfLost } from './late-receipt.js';
import { writeSurely } from './sure-write.js';

/**
 * What came of a delivery: an attempt that is ours to run, or something to settle without running.
 * `leave`: another executor runs it, and its renewals keep this delivery too, as long as it lives.
 */
export type Claimed =
  | { readonly kind: 'run'; readonly cell: Cell; readonly seq: number }
  | { readonly kind: 'drop' }
  | { readonly kind: 'leave' }
  | {
      readonly kind: 'cancel' | 'interrupt' | 'exhaust' | 'resendRetry' | 'resendOutcome';
      readonly cell: Cell;
      readonly seq: number;
    };

/** Losing this many races in a row for one cell means something is broken. */
const racesMax = 20;

/**
 * Makes the delivery's attempt ours by compare-and-set of the state cell, or says why not. A first
 * delivery writes at once from the sequence the job carries; every other one reads the cell first.
 */
export async function claimDelivery(
  context: ExecutorContext,
  delivery: Delivery,
  dispatch: WireDispatch,
): Promise<Claimed> {
  let current: ReadCell | undefined;
  if (delivery.deliveryCount === 1) {
    const first = await start(context, delivery, dispatch, dispatch.job?.cellSeq ?? 0);
    if (first.kind === 'written') return { ...first, kind: 'run' };
    current = first.current;
  } else {
    current = await context.bus.cells.read(dispatch.job?.id ?? '');
  }
  for (let race = 0; race < racesMax; race += 1) {
    const view = {
      attemptNo: dispatch.attemptNo ?? 1,
      dispatchSeq: delivery.seq,
      dispatchId: dispatch.dispatchId,
      attemptsMax: context.retry.attemptsMax + (dispatch.job?.retry?.parked ?? 0),
      resume: dispatch.job?.resume,
    };
    const verdict = claim(view, current?.cell);
    if (verdict.kind !== 'drop' && isRunElsewhere(context, delivery, current)) {
      return { kind: 'leave' };
    }
    if (verdict.kind === 'drop') return { kind: 'drop' };
    if (verdict.kind !== 'start' && verdict.kind !== 'takeOver') {
      return { kind: verdict.kind, cell: current?.cell as Cell, seq: current?.seq ?? 0 };
    }
    const takenFrom = verdict.kind === 'takeOver' ? current : undefined;
    const written = await start(context, delivery, dispatch, current?.seq ?? 0, takenFrom);
    if (written.kind === 'written') return { ...written, kind: 'run' };
    current = written.current;
  }
  throw new Error('lost every race for a state cell');
}

/**
 * A consumer that was made again hands out anew what runs elsewhere. Where that executor is dead,
 * the delivery comes a second time.
 */
function isRunElsewhere(
  { executorId }: ExecutorContext,
  { seq, deliveryCount }: Delivery,
  current: ReadCell | undefined,
): boolean {
  if (deliveryCount > 1 || current?.cell.status !== 'running') return false;
  return current.cell.dispatchSeq === seq && current.cell.executorId !== executorId;
}

async function start(
  context: ExecutorContext,
  delivery: Delivery,
  dispatch: WireDispatch,
  expectedSeq: number,
  takenFrom?: ReadCell,
) {
  const nowMs = context.now();
  const lost = { code: 'executor_lost', message: 'the executor that ran this attempt died' };
  const earlier = takenFrom
    ? [
        ...(takenFrom.cell.attempts ?? []),
        endedAttempt(takenFrom.cell, lost, nowMs, { cost: costOfLost(dispatch) }),
      ]
    : (dispatch.job?.retry?.attempts ?? []);
  const cell = runningCell({
    dispatch,
    dispatchSeq: delivery.seq,
    attemptNo: takenFrom ? (takenFrom.cell.attemptNo ?? 1) + 1 : (dispatch.attemptNo ?? 1),
    executorId: context.executorId,
    nowMs,
    attempts: earlier,
  });
  const written = await writeSurely(context, cell, expectedSeq);
  return written.kind === 'written' ? { ...written, cell } : written;
}
