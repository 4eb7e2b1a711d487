import {
  chargeTagsOf,
  encode,
  encodeDeadLetter,
  subjects,
  type WireCell,
  type WireJob,
} from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import type { RouterContext } from './context.js';
import type { End } from './job-end.js';

/** A job that ends in the waiting room. */
export type GivenUp = End & { readonly job: WireJob & { readonly id: string } };

/**
 * Ends a job that never reached a backend: dead letter, then the outcome into its cell, then the
 * copy for whoever waits. Where the cell has moved on, it is obeyed and nothing is told. Throws
 * AppError `unavailable`; the message then stays unacknowledged and the job is decided again.
 */
export async function giveUp(
  context: RouterContext,
  { job, status, code, message, budget }: GivenUp,
): Promise<void> {
  const { bus, metrics } = context;
  const nowMs = context.now();
  const attempts = job.retry?.attempts ?? [];
  // Attempts at backends that only asked to wait are counted in the number, and not in the list.
  const attemptNo = (job.retry?.attemptNo ?? 1) - 1;
  const failure = budget ? { code, message, budget } : { code, message };
  const identity = { jobId: job.id, account: job.account };
  const isWhole = job.body !== undefined || job.bodyRef !== undefined;
  const facts = { ...identity, failure, attempts, atMs: nowMs };
  const letter = encodeDeadLetter(isWhole ? { ...facts, job } : facts);
  const stored = await bus.publish(subjects.dead(job.id), letter, {
    messageId: subjects.dead(job.id),
  });
  if (stored.kind !== 'stored') throw new AppError('unavailable', 'the dead letter was not stored');
  const cell: WireCell & { jobId: string } = {
    ...identity,
    kind: job.kind,
    model: job.model,
    priority: job.priority,
    userId: job.userId,
    tags: chargeTagsOf(job),
    apiKey: job.apiKey,
    submittedAtMs: job.submittedAtMs,
    bodyHash: job.bodyHash,
    updatedAtMs: nowMs,
    status,
    attemptNo,
    ...(attempts.length > 0 ? { attempts } : {}),
    outcome: { status, failure, attemptNo, finishedAtMs: nowMs },
  };
  const written = await bus.cells.write(cell, job.cellSeq ?? 0);
  if (written.kind === 'refused') return;
  bus.emit(subjects.result(job.id), encode(cell));
  bus.tell(subjects.jobEvent('dead'), { ...identity, event: 'dead', atMs: nowMs, failure });
  metrics.ended(job.kind ?? '', status);
}
