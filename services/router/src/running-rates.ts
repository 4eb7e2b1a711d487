import type { Bus } from '@switchyard/bus';
import { decode, patterns, type WireDispatch } from '@switchyard/contracts';
import type { Fleet } from './fleet.js';

/**
 * Counts what runs in the minutes of those backends that have limits: a router before this one
 * dispatched it, and its end, which everybody hears of, is still to come.
 */
export async function countRunning(
  bus: Pick<Bus, 'subjectsIn' | 'readLast'>,
  fleet: Pick<Fleet, 'isRated' | 'countRunning'>,
  nowMs: number,
): Promise<void> {
  const subjects = Object.keys(await bus.subjectsIn('DISPATCH', patterns.allDispatches));
  for (const subject of subjects) {
    const [, backendId = ''] = subject.split('.');
    const message = fleet.isRated(backendId) && (await bus.readLast('DISPATCH', subject));
    if (!message) continue;
    const { job = {}, attemptNo = 1, dispatchedAtMs = 0 } = decode<WireDispatch>(message.data);
    const estimatedTokens = (job.estimatedInputTokens ?? 0) + (job.maxOutputTokens ?? 0);
    const run = { id: job.id ?? '', attemptNo, estimatedTokens };
    fleet.countRunning(backendId, run, Math.min(nowMs, dispatchedAtMs));
  }
}
