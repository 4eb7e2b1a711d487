import {
  decode,
  lastToken,
  subjects,
  type WireCell,
  type WireDecision,
  type WireJobEvent,
} from '@switchyard/contracts';
import type { JobTable } from './database.js';
import {
  type DecisionHead,
  readDecisionHead,
  rowOfCell,
  rowOfDecision,
  rowOfQueued,
} from './facts.js';

/** The streams that are folded. */
export type FoldedStream = 'STATE' | 'EVENTS';

/** What was read of one job since it was last written. */
type Pending = {
  readonly sinceMonoMs: number;
  /** Sequence of the first of its facts, by stream. */
  readonly fromSeq: Partial<Record<FoldedStream, number>>;
  cell?: Uint8Array;
  hasEnded?: boolean;
  queued?: WireJobEvent;
  decided?: { readonly head: DecisionHead; readonly data: Uint8Array };
  /** How long the first of its attempts waited. */
  queueWaitMs?: number;
};

/** What is to be written for one job. */
type JobWrite = {
  /** From the cell: replaces what an earlier fact said. */
  readonly cell?: JobTable;
  /** From an event that is ahead of the cell: adds to it. */
  readonly event?: JobTable;
};

const queuedSubject = subjects.jobEvent('queued');
const decidedSubject = subjects.jobEvent('decided');

/** Which jobs are to be written now. */
export type Due = {
  /** Those whose facts have waited since before this instant; the ended ones in any case. */
  readonly sinceMonoMs: number;
  readonly jobsMax: number;
};

/** What is to be written, and how far the streams are read once it is. */
export type Batch = {
  readonly writes: ReadonlyMap<string, JobWrite>;
  /**
   * For each stream, the sequence before which nothing is unwritten; absent where nothing of it is.
   */
  readonly unwrittenFrom: Partial<Record<FoldedStream, number>>;
};

/**
 * Facts waiting to be written, one entry for each job. A job under way waits for its next fact:
 * most are dispatched, started and ended within half a second, so that of their cells only the last
 * is parsed and one row is written, not three.
 */
export class PendingFacts {
  readonly #jobs = new Map<string, Pending>();

  get size(): number {
    return this.#jobs.size;
  }

  /** Takes in one message. Throws where it is not what its subject says. */
  add(message: {
    readonly stream: FoldedStream;
    readonly subject: string;
    readonly data: Uint8Array;
    readonly seq: number;
    readonly nowMonoMs: number;
  }): void {
    const { stream, subject, data } = message;
    if (stream === 'STATE') {
      // Empty is a marker: the server has forgotten the outcome. The row stays for as long as rows
      // are kept.
      if (data.length === 0) return;
      const pending = this.#of(lastToken(subject), message);
      pending.cell = data;
      pending.hasEnded = saysEnded(data);
    } else if (subject === decidedSubject) {
      const head = readDecisionHead(data);
      if (!head.jobId) return;
      const pending = this.#of(head.jobId, message);
      pending.decided = { head, data };
      pending.queueWaitMs ??= head.queueWaitMs;
    } else if (subject === queuedSubject) {
      const queued = decode<WireJobEvent>(data);
      if (queued.jobId) this.#of(queued.jobId, message).queued = queued;
    }
  }

  /** What is due, oldest first; `onBad` is told of a job whose facts cannot be read. */
  due(asked: Due, onBad: (jobId: string, cause: unknown) => void): Batch {
    const writes = new Map<string, JobWrite>();
    const unwrittenFrom: Partial<Record<FoldedStream, number>> = {};
    for (const [jobId, pending] of this.#jobs) {
      const isDue = pending.hasEnded || pending.sinceMonoMs <= asked.sinceMonoMs;
      if (isDue && writes.size < asked.jobsMax) {
        writes.set(
          jobId,
          readWrite(pending, (cause) => onBad(jobId, cause)),
        );
        continue;
      }
      for (const stream of ['STATE', 'EVENTS'] as const) {
        const seq = pending.fromSeq[stream];
        if (seq !== undefined) unwrittenFrom[stream] = Math.min(seq, unwrittenFrom[stream] ?? seq);
      }
    }
    return { writes, unwrittenFrom };
  }

  /** Forgets what was written. */
  written({ writes }: Batch): void {
    for (const jobId of writes.keys()) this.#jobs.delete(jobId);
  }

  #of(
    jobId: string,
    { stream, seq, nowMonoMs }: { stream: FoldedStream; seq: number; nowMonoMs: number },
  ): Pending {
    const pending = this.#jobs.get(jobId) ?? { sinceMonoMs: nowMonoMs, fromSeq: {} };
    pending.fromSeq[stream] ??= seq;
    this.#jobs.set(jobId, pending);
    return pending;
  }
}

/** A guess without parsing, which only decides when a job is written. */
const saysEnded = (data: Uint8Array): boolean =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).includes('"outcome":');

/** A job that cannot be read is written as nothing, so that it is not read again. */
function readWrite(pending: Pending, onBad: (cause: unknown) => void): JobWrite {
  try {
    return writeOf(pending);
  } catch (cause) {
    onBad(cause);
    return {};
  }
}

function writeOf({ cell: data, queued, decided, queueWaitMs: waitedMs }: Pending): JobWrite {
  const queueWaitMs = waitedMs ?? null;
  const read = data && rowOfCell(decode<WireCell>(data));
  const cell = read && { ...read, queue_wait_ms: queueWaitMs };
  const waiting = queued && rowOfQueued(queued);
  // The attempt it led to is in the cell: its record need not be read.
  const isInCell = cell && (decided?.head.attemptNo ?? 1) <= attemptOf(cell);
  const sent = decided && !isInCell ? rowOfDecision(decode<WireDecision>(decided.data)) : undefined;
  const event = sent && (!waiting || sent.progress > waiting.progress) ? sent : waiting;
  if (!event || (cell && event.progress < cell.progress)) return { cell };
  return { cell, event: { ...event, queue_wait_ms: queueWaitMs } };
}

const attemptOf = (cell: JobTable): number => Math.floor(cell.progress / 4);
