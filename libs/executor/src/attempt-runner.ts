import { type Delivery, hold, type Settlement } from '@switchyard/bus';
import { type Announced, decode, subjects, type WireDispatch } from '@switchyard/contracts';
import { AppError, type FailureCode, InFlight, type Usage } from '@switchyard/domain';
import { isOf } from '@switchyard/jobs';
import { messagingFacts, type OpenSpan, SpanKind } from '@switchyard/telemetry';
import { Attempt, type HeldBackend } from './attempt.js';
import type { Cell } from './cell-forms.js';
import { type Claimed, claimDelivery } from './claiming.js';
import type { ExecutorContext } from './context.js';
import { costOfAttempt, wireCost } from './cost.js';
import { callBackend, type Called } from './backend-call.js';
import { canceledByCaller, Ending, superseded } from './ending.js';
import { EarlyClaims } from './early-claims.js';
import { storeLateReceipt } from './late-receipt.js';
import { observationOf } from './observation.js';
import { storeResult } from './result-store.js';
import { estimateUsage } from './token-count.js';

/**
 * Runs the attempts of one process: claims each delivery, calls the backend, ends the attempt,
 * frees the slot.
 */
export class AttemptRunner {
  readonly #context: ExecutorContext;
  readonly #ending: Ending;
  /** By sequence of the dispatch. */
  readonly #attempts = new InFlight<number, Attempt>();
  readonly #early: EarlyClaims;
  /** Deliveries being claimed, by the sequence of the dispatch: the newest receipt of each. */
  readonly #claiming = new Map<number, string>();

  constructor(context: ExecutorContext) {
    this.#context = context;
    this.#ending = new Ending(context);
    this.#early = new EarlyClaims(context);
  }

  /** Claims a dispatch that is on its way; see EarlyClaims. */
  announce(dispatch: WireDispatch): Announced {
    return this.#early.announce(dispatch);
  }

  get inFlight(): number {
    return this.#attempts.size;
  }

  inFlightOf(backendId: string): number {
    let count = 0;
    for (const attempt of this.#attempts.values())
      if (attempt.held.backend.id === backendId) count += 1;
    return count;
  }

  /** Handles one delivery of a dispatch from claim to acknowledgement. */
  async handle(delivery: Delivery, held: HeldBackend): Promise<Settlement> {
    const known = this.#attempts.get(delivery.seq);
    if (known) {
      // Our own attempt is still running: its renewal came too late, and this delivery is the one
      // to renew now.
      known.receipt = delivery.receipt;
      return hold;
    }
    const isClaiming = this.#claiming.has(delivery.seq);
    this.#claiming.set(delivery.seq, delivery.receipt);
    // The same dispatch twice within moments: its consumer was made again.
    if (isClaiming) return hold;
    let { receipt } = delivery;
    let won: { readonly dispatch: WireDispatch; readonly claimed: Claimed };
    try {
      won = await this.#claim(delivery);
    } finally {
      receipt = this.#claiming.get(delivery.seq) ?? receipt;
      this.#claiming.delete(delivery.seq);
    }
    const { dispatch, claimed } = won;
    if (claimed.kind === 'leave') return hold;
    if (claimed.kind === 'run') {
      this.#context.faultPoint('executor.claimed');
      const attempt = new Attempt({
        span: this.#openSpan(delivery, claimed.cell),
        dispatch,
        dispatchSeq: delivery.seq,
        held,
        receipt,
        cell: claimed.cell,
        cellSeq: claimed.seq,
        startedMonoMs: performance.now(),
      });
      if (held.isLeaving) attempt.abort(new AppError('draining', 'the backend is taken away'));
      await this.#run(attempt);
      // Whoever took the job over may hold this very dispatch; acknowledged by us, the job would be
      // nowhere should that one die too. Where nobody does, it comes again and the cell decides.
      if (attempt.isOutrun) return hold;
      receipt = attempt.receipt;
    } else if (claimed.kind !== 'drop') {
      await this.#settleUnrun(claimed, dispatch, delivery.header('traceparent'));
    }
    await this.#free(receipt, dispatch);
    return hold;
  }

  /** Renews every delivery and reads every cell: what another wrote there is obeyed. */
  renew(): void {
    for (const attempt of this.#attempts.values()) {
      this.#context.bus.settler.renew(attempt.receipt);
      if (!attempt.isSettling) void this.obey(attempt).catch(() => {});
    }
  }

  /** Sends the chunks of every attempt again: the server may have lost them. */
  sendChunksAgain(): void {
    for (const { sent } of this.#attempts.values()) void sent?.sendAgain();
  }

  /** The attempt of a job, where it runs here. */
  find(jobId: string): Attempt | undefined {
    for (const attempt of this.#attempts.values()) if (attempt.cell.jobId === jobId) return attempt;
    return undefined;
  }

  /** Reads the cell of an attempt and stops it where the cell says so. */
  async obey(attempt: Attempt): Promise<void> {
    const current = await this.#context.bus.cells.read(attempt.cell.jobId);
    if (attempt.isSettling || (current && current.seq <= attempt.cellSeq)) return;
    const { cell } = current ?? {};
    const isOurs = cell?.status === 'running' && isOf(attempt, cell);
    if (!current || !isOurs || cell.executorId !== this.#context.executorId) {
      attempt.abort(superseded());
      return;
    }
    attempt.wrote(cell as Cell, current.seq);
    if (cell.cancelRequested) attempt.abort(canceledByCaller());
  }

  /** Stops every attempt because the process ends: their jobs go on elsewhere. */
  abandon(): void {
    const reason = new AppError('draining', 'the executor is stopping');
    for (const attempt of this.#attempts.values()) attempt.abort(reason);
  }

  /**
   * Stops the attempts on a backend that goes: their jobs go on at another. A stream of which part
   * was sent cannot; it goes on unless `isForced`.
   */
  abandonBackend(held: HeldBackend, isForced: boolean): void {
    const reason = new AppError('draining', 'the backend is taken away');
    for (const attempt of this.#attempts.values()) {
      // Not by its id: it may be in use again already.
      const isItsOwn = attempt.held === held;
      if (isItsOwn && (isForced || attempt.cell.streamed !== true)) attempt.abort(reason);
    }
  }

  /** A dispatch announced before has been claimed meanwhile; every other one is claimed now. */
  async #claim(delivery: Delivery) {
    const early = this.#early.take(delivery.data, delivery.seq);
    const claimed = await early?.claimed;
    if (early && claimed?.kind === 'run') return { dispatch: early.dispatch, claimed };
    const dispatch = decode<WireDispatch>(delivery.data);
    return { dispatch, claimed: await claimDelivery(this.#context, delivery, dispatch) };
  }

  async #run(attempt: Attempt): Promise<void> {
    this.#attempts.set(attempt.dispatchSeq, attempt);
    try {
      const called = await callBackend(this.#context, attempt);
      this.#context.faultPoint('executor.called');
      await this.#end(attempt, called);
      attempt.span.end(called.kind === 'failure' ? called.code : undefined);
    } finally {
      this.#attempts.take(attempt.dispatchSeq);
    }
  }

  /**
   * The span of an attempt; a redelivered one is linked to the dispatch that was handed out before.
   */
  #openSpan(delivery: Delivery, cell: Cell): OpenSpan {
    const { tracing } = this.#context;
    const parent = delivery.header('traceparent');
    if (!tracing.isOn) return tracing.open('', { parent });
    return tracing.open('process dispatch', {
      kind: SpanKind.CONSUMER,
      parent,
      links: delivery.deliveryCount > 1 ? [parent] : [],
      facts: {
        ...messagingFacts('process', 'dispatch.{backend}.{slot}', cell.jobId),
        'switchyard.attempt.no': cell.attemptNo,
        'switchyard.backend.id': cell.backendId,
        'switchyard.delivery.count': delivery.deliveryCount,
      },
    });
  }

  async #end(attempt: Attempt, called: Called): Promise<void> {
    const durationMs = performance.now() - attempt.startedMonoMs;
    const usage = await usageOf(attempt, called);
    const spent = costOfAttempt({
      backend: attempt.held.backend,
      model: attempt.job.model ?? '',
      atMs: attempt.cell.startedAtMs ?? 0,
      durationMs,
      usage,
      failureCode: failureCodeOf(called),
    });
    if (called.kind === 'superseded') {
      attempt.isOutrun = true;
      const receipt = { usage, cost: wireCost(spent) };
      await storeLateReceipt(this.#context, attempt, receipt, undefined);
      return;
    }
    // Behind the outcome, which somebody waits for.
    setImmediate(() => this.#observe(attempt, called, durationMs, usage, spent?.usdMicros ?? 0));
    const cost = wireCost(spent);
    const costUsdMicros = cost?.usdMicros ?? '0';
    if (called.kind === 'result') {
      const result = await storeResult(this.#context, attempt, called.result);
      const status = 'succeeded';
      await this.#ending.conclude(attempt, { status, result, usage, cost, costUsdMicros });
    } else if (called.code === 'cancelled') {
      await this.#ending.conclude(attempt, { status: 'canceled', usage, cost, costUsdMicros });
    } else {
      const { code, message, retryAfterMs } = called;
      const isDraining = code === 'draining';
      await this.#ending.fail(attempt, { code, message, retryAfterMs, usage, cost, isDraining });
    }
  }

  async #settleUnrun(
    claimed: Exclude<Claimed, { kind: 'run' | 'drop' | 'leave' }>,
    dispatch: WireDispatch,
    traceparent: string | undefined,
  ): Promise<void> {
    const { kind, cell, seq } = claimed;
    if (kind === 'cancel') await this.#ending.concludeCell(cell, seq, undefined, dispatch);
    else if (kind === 'resendRetry')
      await this.#ending.sendRetry(cell, seq, { dispatch, traceparent });
    else if (kind === 'resendOutcome') this.#ending.tellOutcome(cell);
    else {
      const code = kind === 'exhaust' ? 'attempts_exhausted' : 'stream_interrupted';
      const message =
        kind === 'exhaust'
          ? 'every executor that ran this job died'
          : 'the executor died after part of the answer had been sent';
      await this.#ending.concludeCell(cell, seq, { code, message }, dispatch);
    }
  }

  /**
   * Acknowledges the dispatch and tells the router of the free slot. Unknown: it is redelivered and
   * dropped then.
   */
  async #free(receipt: string, dispatch: WireDispatch): Promise<void> {
    try {
      // It leaves with the outcome just told.
      await this.#context.bus.settler.confirm(receipt, { isSoon: true });
    } catch {
      return;
    }
    const { backendId = '', slot = 0, job } = dispatch;
    this.#context.bus.emitNear(subjects.slotFree(backendId, slot), job?.id ?? '');
  }

  #observe(
    attempt: Attempt,
    called: Exclude<Called, { kind: 'superseded' }>,
    durationMs: number,
    usage: Usage | undefined,
    costUsdMicros: number,
  ): void {
    const { cell, held } = attempt;
    const failureCode = called.kind === 'result' ? '' : called.code;
    const ttftMs = called.kind === 'result' ? called.result.ttftMs : undefined;
    this.#context.metrics.attemptEnded({
      backendId: held.backend.id,
      kind: cell.kind ?? '',
      model: cell.model ?? '',
      provider: held.backend.kind,
      failureCode,
      durationMs,
      ttftMs,
      inputTokens: usage?.inputTokens ?? 0,
      outputTokens: usage?.outputTokens ?? 0,
      costUsdMicros,
    });
    const measured = { durationMs, usage, atMs: this.#context.now() };
    this.#context.bus.tell(subjects.observed, observationOf(attempt, called, measured));
  }
}

/** What an attempt used: as reported, or counted where something of an answer is paid for. */
async function usageOf({ job, cell }: Attempt, called: Called): Promise<Usage | undefined> {
  if (called.kind === 'result') {
    const { usage, body, partialUsage } = called.result;
    return usage ?? estimateUsage(job.body ?? {}, body ?? {}, partialUsage);
  }
  if (cell.streamed !== true) return undefined;
  return estimateUsage(job.body ?? {}, called.partialBody ?? {}, called.partialUsage);
}

function failureCodeOf(called: Called): FailureCode | undefined {
  if (called.kind === 'result') return undefined;
  return called.kind === 'superseded' ? 'conflict' : called.code;
}
