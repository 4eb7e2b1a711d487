import {
  type Announced,
  encode,
  subjects,
  type WireDecision,
  type WireDispatch,
  type WireJob,
} from '@switchyard/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@switchyard/domain';
import { messagingFacts, type OpenSpan, SpanKind } from '@switchyard/telemetry';
import {
  type DecisionInput,
  type DecisionRecord,
  recordOf,
  type RouteDecision,
} from '@switchyard/routing';
import type { BodyCache } from './body-cache.js';
import type { RouterContext } from './context.js';
import { giveUp } from './giving-up.js';
import type { Hints } from './readings.js';
import type { End } from './job-end.js';
import type { RoutedJob } from './routed-job.js';
import { RowPages } from './row-pages.js';

/**
 * What became of a dispatch. `taken`: the server says the slot is occupied. `unknown`: it may or
 * may not be there.
 */
export type Dispatched = 'stored' | 'taken' | 'gone' | 'unknown';

/** A slot taken for a job, and what its dispatch says beside it. */
export type Slot = { readonly no: number; readonly hints: Hints };

/** A dispatch ready to leave. */
type SpelledDispatch = {
  readonly facts: {
    readonly attemptNo: number;
    readonly backendId: string;
    readonly slot: number;
    readonly decisionId: string;
    readonly estimatedCostUsdMicros: number;
  };
  readonly dispatchId: string;
  /** Its text up to the time it leaves. */
  readonly head: string;
};

const confirmEveryMs = 250;

/** Sends decided jobs to their backends, tells of it, and acknowledges what no longer waits. */
export class Dispatcher {
  readonly #context: RouterContext;
  readonly #bodies: BodyCache;
  readonly #rowPages: RowPages;
  #dispatches = 0;

  constructor(context: RouterContext, bodies: BodyCache) {
    this.#context = context;
    this.#bodies = bodies;
    this.#rowPages = new RowPages(context.bus);
  }

  /** Sends a job that waits: its text is read where it is not in memory. */
  async dispatch(
    job: RoutedJob,
    input: DecisionInput,
    decision: RouteDecision,
    slot: Slot,
  ): Promise<Dispatched> {
    const text = await this.#bodies.textOf(job).catch(() => undefined);
    if (text === undefined) return this.#context.bus.isConnected ? 'gone' : 'unknown';
    return this.send(job, input, decision, this.spell(job, decision, slot, text));
  }

  /** Spells a dispatch out, all but its time: that is known when it leaves. */
  spell(job: RoutedJob, decision: RouteDecision, slot: Slot, text: string): SpelledDispatch {
    const { backendId, snapshotVersion, estimatedCostUsdMicros } = decision;
    const { attemptNo } = job;
    const facts = {
      attemptNo,
      backendId,
      slot: slot.no,
      decisionId: `${job.id}.${attemptNo}.${snapshotVersion}`,
      estimatedCostUsdMicros,
      ...(job.stream === 'express' ? {} : { submissionSeq: job.seq }),
      ...slot.hints,
    };
    // The job's text goes into the dispatch as it stands: parsing and printing it again would cost
    // as much as deciding.
    this.#dispatches += 1;
    const dispatchId = `${this.#context.instanceId}-${this.#dispatches.toString(36)}`;
    const allBut = `{"dispatchId":"${dispatchId}","job":${text},${encode(facts).slice(1, -1)}`;
    return { facts, dispatchId, head: `${allBut},"dispatchedAtMs":` };
  }

  /**
   * Publishes the dispatch into its slot, tells the decision, then acknowledges the submission.
   * `announced`: the job with its body, where the executor of this process may claim it meanwhile.
   */
  async send(
    job: RoutedJob,
    input: DecisionInput,
    decision: RouteDecision,
    { facts, dispatchId, head }: SpelledDispatch,
    announced?: WireJob,
  ): Promise<Dispatched> {
    const { bus, now, faultPoint, metrics } = this.#context;
    const { backendId, slot, decisionId } = facts;
    const nowMs = now();
    const body = `${head}${nowMs}}`;
    const claim =
      announced && this.#announce({ ...facts, dispatchedAtMs: nowMs, dispatchId, job: announced });
    const span = this.#openSpan(job, decision, nowMs);
    const headers = span.traceparent ? { traceparent: span.traceparent } : undefined;
    const stored = await bus
      .publish(subjects.dispatch(backendId, slot), body, { headers })
      .catch(() => undefined);
    span.end(stored?.kind === 'stored' ? undefined : (stored?.kind ?? 'unknown'));
    if (stored?.kind !== 'stored') await claim?.withdraw();
    if (!stored) return 'unknown';
    if (stored.kind !== 'stored') return 'taken';
    faultPoint('router.dispatched');
    const queueWaitMs = nowMs - job.submittedAtMs;
    // Behind the attempt, which may have begun.
    setImmediate(() => {
      this.#tellDecision(job, input, decision, { decisionId, nowMs, queueWaitMs });
      metrics.dispatched(backendId, queueWaitMs);
    });
    this.#bodies.forget(job);
    await this.acknowledge(job);
    faultPoint('router.acknowledged');
    return 'stored';
  }

  #announce(dispatch: WireDispatch): Announced | undefined {
    for (const herald of this.#context.heralds) {
      const announced = herald.announce(dispatch);
      if (announced) return announced;
    }
    return undefined;
  }

  /** Ends a job that cannot or may not wait any longer; false where NATS could not be reached. */
  async end(job: RoutedJob, end: End) {
    try {
      const text = await this.#bodies.textOf(job);
      if (text === undefined) return true;
      const wire = JSON.parse(text) as WireJob;
      await giveUp(this.#context, { job: { ...wire, id: job.id }, ...end });
      this.#bodies.forget(job);
      await this.acknowledge(job);
      return true;
    } catch (caught) {
      this.#context.log.warn(
        { jobId: job.id, err: AppError.from(caught).message },
        'an outcome could not be stored yet',
      );
      return false;
    }
  }

  /** Acknowledges the job's message and stays until that is confirmed. */
  async acknowledge(job: RoutedJob): Promise<void> {
    if (job.stream === 'express') return;
    for (;;) {
      try {
        await this.#context.bus.settler.confirm(job.receipt, { isSoon: true });
        return;
      } catch {
        await delay(confirmEveryMs);
      }
    }
  }

  /** Tells that a job waits because no slot was free for it. */
  tellQueued(job: RoutedJob): void {
    job.isTold = true;
    const { account, priority, submittedAtMs, id, attemptNo } = job;
    const { kind, model } = job.stamp;
    const event = {
      jobId: id,
      account,
      event: 'queued',
      kind,
      model,
      priority,
      submittedAtMs,
      attemptNo,
    };
    this.#context.bus.tell(subjects.jobEvent('queued'), { ...event, atMs: this.#context.now() });
  }

  /**
   * One span for wait, decision and dispatch: how long the job waited and what was decided stand in
   * it.
   */
  #openSpan(job: RoutedJob, decision: RouteDecision, nowMs: number): OpenSpan {
    const { tracing } = this.#context;
    if (!tracing.isOn) return tracing.open('', { parent: job.traceparent });
    return tracing.open('publish dispatch', {
      kind: SpanKind.PRODUCER,
      parent: job.traceparent,
      facts: {
        ...messagingFacts('publish', 'dispatch.{backend}.{slot}', job.id),
        'switchyard.queue.wait_ms': nowMs - job.submittedAtMs,
        'switchyard.decision.strategy': decision.strategy,
        'switchyard.decision.reason': decision.reason,
        'switchyard.decision.confidence': decision.confidence,
        'switchyard.decision.candidates': decision.candidates.backendIds.length,
        'switchyard.backend.id': decision.backendId,
        'switchyard.attempt.no': job.attemptNo,
      },
    });
  }

  #tellDecision(
    job: RoutedJob,
    input: DecisionInput,
    decision: RouteDecision,
    { decisionId, nowMs, queueWaitMs }: { decisionId: string; nowMs: number; queueWaitMs: number },
  ): void {
    const { bus, log } = this.#context;
    const tell = (record: DecisionRecord) =>
      bus.tell(subjects.jobEvent('decided'), { ...told, record });
    const told: Omit<WireDecision, 'record'> = {
      decisionId,
      jobId: job.id,
      account: job.account,
      attemptNo: job.attemptNo,
      verdict: decision.kind,
      backendId: decision.backendId,
      decidedAtMs: nowMs,
      queueWaitMs,
    };
    const record = this.#rowPages.shorten(recordOf(input, decision));
    if (!(record instanceof Promise)) tell(record);
    else {
      record.then(tell, (caught: unknown) =>
        log.warn({ jobId: job.id, err: AppError.from(caught).message }, 'a decision is not told'),
      );
    }
  }
}
