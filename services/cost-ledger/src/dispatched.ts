import type { Bus } from '@switchyard/bus';
import { decode, patterns, type WireDispatch } from '@switchyard/contracts';
import type { OpenHold } from '@switchyard/ledger';

/**
 * True where a dispatch of the hold's job lies in a slot of the hold's backend: an executor that is
 * away for long may run it yet. Reads every occupied slot: for the few holds without a cell.
 */
export async function isDispatched(
  bus: Pick<Bus, 'readLast' | 'subjectsIn'>,
  { jobId, backendId }: Pick<OpenHold, 'jobId' | 'backendId'>,
): Promise<boolean> {
  const occupied = await bus.subjectsIn('DISPATCH', patterns.dispatches(backendId));
  for (const subject of Object.keys(occupied)) {
    const message = await bus.readLast('DISPATCH', subject);
    if (message && decode<WireDispatch>(message.data).job?.id === jobId) return true;
  }
  return false;
}
