import type { Announced, WireDispatch } from '@switchyard/contracts';
import { InFlight } from '@switchyard/domain';
import { type Cell, runningCell, submittedCell } from './cell-forms.js';
import type { Claimed } from './claiming.js';
import type { ExecutorContext } from './context.js';
import { type SureWrite, writeSurely } from './sure-write.js';

type Early = {
  readonly dispatch: WireDispatch;
  readonly cell: Cell;
  readonly written: Promise<SureWrite>;
  isWithdrawn: boolean;
};

/** A dispatch whose attempt may be ours already; undefined: refused, and to be claimed as usual. */
export type EarlyClaim = {
  readonly dispatch: WireDispatch;
  readonly claimed: Promise<Claimed | undefined>;
};

/**
 * Claims made while their dispatch is still on its way to the server, so that one wait does for
 * both. Such a cell names its dispatch by id, since it has no sequence yet.
 *
 * The attempt starts only once the dispatch is delivered and the claim is written. A dispatch that
 * was not surely stored is withdrawn: its cell goes back to `submitted`, from which any dispatch of
 * the job may start.
 */
export class EarlyClaims {
  readonly #context: ExecutorContext;
  readonly #byId = new InFlight<string, Early>();

  constructor(context: ExecutorContext) {
    this.#context = context;
  }

  /** Writes the running cell of a job that has no cell yet. */
  announce(dispatch: WireDispatch): Announced {
    const { executorId, now } = this.#context;
    const attemptNo = dispatch.attemptNo ?? 1;
    const unstored = { dispatch, dispatchSeq: undefined, attemptNo, executorId, nowMs: now() };
    const cell = runningCell({ ...unstored, attempts: [] });
    const id = dispatch.dispatchId ?? '';
    const early: Early = {
      dispatch,
      cell,
      written: this.#write(cell, () => early.isWithdrawn),
      isWithdrawn: false,
    };
    this.#byId.set(id, early);
    return { withdraw: () => this.#withdraw(id) };
  }

  /** The claim made for the dispatch in `data`; undefined where there is none. */
  take(data: Uint8Array, dispatchSeq: number): EarlyClaim | undefined {
    if (this.#byId.size === 0) return undefined;
    const id = dispatchIdIn(data);
    const early = id === undefined ? undefined : this.#byId.take(id);
    if (!early) return undefined;
    const { dispatch, cell, written } = early;
    const claimed = written.then((result): Claimed | undefined => {
      if (result.kind === 'refused') return undefined;
      return { kind: 'run', cell: { ...cell, dispatchSeq }, seq: result.seq };
    });
    return { dispatch, claimed };
  }

  async #write(cell: Cell, isWithdrawn: () => boolean): Promise<SureWrite> {
    const written = await writeSurely(this.#context, cell, 0, isWithdrawn);
    this.#context.faultPoint('executor.claimedEarly');
    return written;
  }

  /**
   * Without effect once the dispatch was delivered after all: then it runs. Returns at once where
   * the server refuses both, as one with a full disk does: whoever submits waits for it.
   */
  async #withdraw(id: string): Promise<void> {
    const early = this.#byId.take(id);
    if (!early) return;
    early.isWithdrawn = true;
    const result = await early.written;
    if (result.kind === 'refused') return;
    await writeSurely(this.#context, submittedCell(early.cell, this.#context.now()), result.seq);
  }
}

const headBytes = 128;
const idForm = /^\{"dispatchId":"([\w-]{1,100})"/;

/** The id at the head of a dispatch, read without parsing what follows. */
function dispatchIdIn(data: Uint8Array): string | undefined {
  const head = Buffer.from(data.buffer, data.byteOffset, Math.min(headBytes, data.length));
  return idForm.exec(head.toString('latin1'))?.[1];
}
