import { type ReadCell, RefusedError } from '@switchyard/bus';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@switchyard/domain';
import type { Cell } from './cell-forms.js';
import type { ExecutorContext } from './context.js';

/** A write whose result is known: ours, or the cell that somebody else wrote before us. */
export type SureWrite =
  | { readonly kind: 'written'; readonly seq: number }
  | { readonly kind: 'refused'; readonly current: ReadCell | undefined };

const retryEveryMs = 250;

/**
 * Writes a cell and stays until the result is known: while NATS cannot be reached it tries again,
 * and an earlier try of its own that turns out to be stored counts as written.
 *
 * Once `isGivenUp` says so, a write that the server has surely not stored is not tried again.
 */
export async function writeSurely(
  context: ExecutorContext,
  cell: Cell,
  expectedSeq: number,
  isGivenUp?: () => boolean,
): Promise<SureWrite> {
  for (let isUnknown = false; ; ) {
    try {
      const written = await context.bus.cells.write(cell, expectedSeq);
      if (written.kind === 'written') return written;
      const { current } = written;
      if (current && isSameWrite(current.cell, cell)) return { kind: 'written', seq: current.seq };
      return written;
    } catch (caught) {
      if (AppError.from(caught).code !== 'unavailable') throw caught;
      isUnknown ||= !(caught instanceof RefusedError);
      if (!isUnknown && isGivenUp?.()) return { kind: 'refused', current: undefined };
      context.log.warn(
        { jobId: cell.jobId, status: cell.status },
        'state cell write unknown, trying again',
      );
      await delay(retryEveryMs);
    }
  }
}

/** Publishes and stays until NATS has it; the message id makes a repeated try harmless. */
export async function publishSurely(
  context: ExecutorContext,
  subject: string,
  text: string,
  options: { readonly messageId?: string; readonly traceparent?: string } = {},
): Promise<void> {
  const { messageId, traceparent } = options;
  const headers = traceparent ? { traceparent } : undefined;
  for (;;) {
    try {
      const stored = await context.bus.publish(subject, text, { messageId, headers });
      if (stored.kind === 'stored') return;
      throw new AppError('unavailable', `${subject} was not stored: ${stored.kind}`);
    } catch (caught) {
      if (AppError.from(caught).code !== 'unavailable') throw caught;
      context.log.warn({ subject }, 'publish unknown, trying again');
      await delay(retryEveryMs);
    }
  }
}

const isSameWrite = (a: Partial<Cell>, b: Cell): boolean =>
  a.status === b.status &&
  a.attemptNo === b.attemptNo &&
  a.executorId === b.executorId &&
  a.dispatchSeq === b.dispatchSeq &&
  a.dispatchId === b.dispatchId &&
  a.updatedAtMs === b.updatedAtMs;
