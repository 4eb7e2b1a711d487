import {
  decode,
  encodeOnce,
  outcomeTtlMs,
  isTerminal,
  subjects,
  type WireCell,
} from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { RefusedError } from './ack.js';
import type { Publisher } from './publisher.js';

/** A state cell as read: its content and the sequence that the next write must name. */
export type ReadCell = { readonly cell: WireCell; readonly seq: number };

/**
 * What became of a write: the cell's new sequence, or the cell that was there instead (undefined:
 * none any more).
 */
export type Written =
  | { readonly kind: 'written'; readonly seq: number }
  | { readonly kind: 'refused'; readonly current: ReadCell | undefined };

/**
 * The state cells, `state.<jobId>`: read, and write by compare-and-set.
 *
 * Every write names the sequence that its writer last read, 0 where there was no cell. A terminal
 * cell is forgotten by the server after 24 hours, and after a week one that never got beyond its
 * idempotency key: its gateway died before it stored the job.
 */
export class Cells {
  readonly #publisher: Publisher;

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /** The cell of a job, or undefined. Throws AppError `unavailable`. */
  async read(jobId: string): Promise<ReadCell | undefined> {
    const answer = await this.#publisher.request(
      `$JS.API.DIRECT.GET.STATE.${subjects.state(jobId)}`,
      '',
    );
    const code = answer.headers?.code ?? 0;
    if (code === 404) return undefined;
    if (code >= 400)
      throw new AppError(
        'unavailable',
        `the state cell cannot be read: ${answer.headers?.description}`,
      );
    if (answer.headers?.get('Nats-Marker-Reason')) return undefined;
    return {
      cell: decode<WireCell>(answer.data),
      seq: Number(answer.headers?.get('Nats-Sequence')),
    };
  }

  /**
   * Writes `cell` where the cell's last sequence is still `expectedSeq`; else returns the cell that
   * is there. Throws AppError `unavailable` where the result is unknown: then read, and obey what
   * is read.
   */
  async write(cell: WireCell & { readonly jobId: string }, expectedSeq: number): Promise<Written> {
    const ttlMs = ttlMsOf(cell.status);
    const stored = await this.#publisher.publish(subjects.state(cell.jobId), encodeOnce(cell), {
      expectedSeq,
      ttlMs,
    });
    if (stored.kind === 'stored') return { kind: 'written', seq: stored.seq };
    if (stored.kind === 'full') throw new RefusedError('the state stream is full');
    return { kind: 'refused', current: await this.read(cell.jobId) };
  }
}

const submittedTtlMs = 7 * outcomeTtlMs;

const ttlMsOf = (status: string | undefined): number | undefined => {
  if (isTerminal(status)) return outcomeTtlMs;
  return status === 'submitted' ? submittedTtlMs : undefined;
};
