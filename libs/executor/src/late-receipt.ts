import { setTimeout as delay } from 'node:timers/promises';
import type { ReadCell } from '@switchyard/bus';
import {
  encode,
  subjects,
  type WireAttempt,
  type WireCost,
  type WireDispatch,
  type WireLateReceipt,
} from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import type { Attempt } from './attempt.js';
import { endedAttempt } from './cell-forms.js';
import type { ExecutorContext } from './context.js';

const againMs = 250;

/**
 * Stores what an attempt cost whose job went on without it: its cell belongs to another attempt,
 * or has its outcome. Free ones leave none, nor does one whose cost its cell has after all.
 *
 * Stays until the server has it; it is stored once for each attempt.
 */
export async function storeLateReceipt(
  context: ExecutorContext,
  attempt: Attempt,
  { usage, cost }: Pick<WireAttempt, 'usage' | 'cost'>,
  current: ReadCell | undefined,
): Promise<void> {
  if (!cost || isInCell(attempt, current)) return;
  const { cell, attemptNo } = attempt;
  const { jobId, account, kind, model, userId, tags, apiKey } = cell;
  const failure = { code: 'conflict', message: 'the job went on without this attempt' };
  const ended = endedAttempt(cell, failure, context.now(), { usage, cost });
  const facts = { jobId, account, kind, model, userId, tags, apiKey };
  const receipt: WireLateReceipt = { ...facts, attempt: ended };
  const subject = subjects.lateReceipt(jobId, attemptNo);
  for (;;) {
    try {
      // Refused where it is there already, as it is where an earlier try was stored.
      const stored = await context.bus.publish(subject, encode(receipt), { expectedSeq: 0 });
      if (stored.kind !== 'full') return;
      context.log.warn({ jobId, attemptNo }, 'a receipt cannot be stored yet: the stream is full');
    } catch (caught) {
      if (AppError.from(caught).code !== 'unavailable') throw caught;
    }
    await delay(againMs);
  }
}

/**
 * The cost of an attempt whose executor died: nobody knows whether the backend bills it. Undefined
 * where the attempt was expected to be free.
 */
export const costOfLost = ({ estimatedCostUsdMicros }: WireDispatch): WireCost | undefined =>
  (estimatedCostUsdMicros ?? 0) > 0 ? { usdMicros: '0', basis: 'unknown' } : undefined;

const isInCell = ({ attemptNo, cell }: Attempt, current: ReadCell | undefined): boolean =>
  (current?.cell.attempts ?? []).some(
    (each) =>
      each.attemptNo === attemptNo &&
      each.executorId === cell.executorId &&
      each.cost !== undefined &&
      each.cost.basis !== 'unknown',
  );
