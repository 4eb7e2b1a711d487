import type { ServerResponse } from 'node:http';
import type { WireCell } from '@switchyard/contracts';
import { isTerminal, kindOfDialect } from '@switchyard/contracts';
import { AppError, type Log } from '@switchyard/domain';
import { SpanKind, type Tracing } from '@switchyard/telemetry';
import type { Cancellation, Waiting } from './cancellation.js';
import type { GatewaySettings } from './settings.js';
import type { Ask, Submission } from './submission.js';
import type { Waiters } from './waiters.js';

/** What waiting for an outcome needs. */
export type PatienceDeps = {
  readonly submission: Submission;
  readonly waiters: Waiters;
  readonly cancellation: Cancellation;
  readonly settings: GatewaySettings;
  readonly log: Log;
  readonly tracing: Tracing;
  /**
   * A router may be away this long beyond a job's longest wait before the door ends the job itself.
   */
  readonly graceMs: number;
};

/** Holds an HTTP client's connection from its submission to its outcome. */
export class Patience {
  readonly #deps: PatienceDeps;

  constructor(deps: PatienceDeps) {
    this.#deps = deps;
  }

  /**
   * Submits the job and waits for its outcome; undefined where the client left, and then the job is
   * cancelled. Throws AppError as Submission does.
   */
  outcomeOf(jobId: string, ask: Ask, raw: ServerResponse): Promise<WireCell | undefined> {
    return new Promise((resolve, reject) => {
      const hold = this.hold(jobId, ask, raw, {
        ended: resolve,
        left: () => resolve(undefined),
      });
      hold.submitted.catch(reject);
    });
  }

  /**
   * The same with callbacks, for those who have more to do meanwhile. Exactly one of the three ends
   * it.
   */
  hold(
    jobId: string,
    ask: Ask,
    raw: ServerResponse,
    tell: { readonly ended: (cell: WireCell) => void; readonly left: () => void },
  ): { readonly submitted: Promise<void> } {
    const { waiters, submission, settings, tracing, graceMs } = this.#deps;
    const span = tracing.isOn ? this.#openWait(jobId, ask) : undefined;
    let isOver = false;
    let isStored = false;
    let hasLeft = false;
    let early: WireCell | undefined;
    const end = () => {
      isOver = true;
      span?.end();
      clearTimeout(timer);
      leave();
      raw.off('close', onClose);
    };
    const hear = (cell: WireCell) => {
      // Told of a key's job, which another request may have used the key for.
      if (ask.idempotencyKey && !isStored && !submission.isOf(cell, ask)) {
        early = cell;
        return;
      }
      end();
      tell.ended(cell);
    };
    const leave = waiters.wait(jobId, hear);
    const onClose = () => {
      if (isOver || raw.writableFinished) return;
      end();
      hasLeft = true;
      if (isStored) this.#abandon(jobId, ask);
      tell.left();
    };
    raw.on('close', onClose);
    const timer = setTimeout(
      () => void this.#expire(jobId, ask),
      settings.queueTimeoutMs + graceMs,
    );
    const submitted = submission.submit(jobId, ask).then(
      (known) => {
        isStored = true;
        if (early && !isOver) hear(early);
        else if (known && isTerminal(known.cell.status)) waiters.settle(jobId, known.cell);
        else if (hasLeft) this.#abandon(jobId, ask);
      },
      (cause) => {
        if (isOver) return;
        end();
        throw cause;
      },
    );
    return { submitted };
  }

  #openWait(jobId: string, ask: Ask) {
    const facts = { 'switchyard.job.id': jobId };
    return this.#deps.tracing.open('wait', {
      kind: SpanKind.INTERNAL,
      parent: ask.traceparent,
      facts,
    });
  }

  /** The client left: the job ends, unless its key lets the caller come back for it. */
  #abandon(jobId: string, ask: Ask): void {
    const { cancellation, waiters, log } = this.#deps;
    if (ask.idempotencyKey || waiters.has(jobId)) return;
    cancellation
      .cancel(waitingOf(jobId, ask), 'the client closed its connection')
      .catch((caught) => {
        const error = AppError.from(caught);
        if (error.code !== 'conflict')
          log.warn({ jobId, cause: error }, 'a job whose client left was not cancelled');
      });
  }

  async #expire(jobId: string, ask: Ask): Promise<void> {
    const { cancellation, waiters, log } = this.#deps;
    try {
      const cell = await cancellation.expireWaiting(waitingOf(jobId, ask));
      if (cell) waiters.settle(jobId, cell);
    } catch (cause) {
      log.warn(
        { jobId, cause },
        'a job that nobody took could not be ended; its client goes on waiting',
      );
    }
  }
}

const waitingOf = (jobId: string, ask: Ask): Waiting => ({
  jobId,
  account: ask.account,
  kind: kindOfDialect[ask.dialect],
  model: ask.model,
  priority: ask.priority,
  userId: ask.userId,
});
