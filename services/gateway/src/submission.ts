import type { Bus, Objects, ReadCell } from '@switchyard/bus';
import {
  type Dialect,
  type JsonObject,
  kindOfDialect,
  type ReadJob,
  subjects,
  type WireCell,
  type WireJob,
} from '@switchyard/contracts';
import {
  AppError,
  type Log,
  priorityClassOf,
  priorityOfClass,
  type ReachFaultPoint,
  rememberText,
} from '@switchyard/domain';
import { messagingFacts, SpanKind, type Tracing } from '@switchyard/telemetry';
import type { Installation } from './installation.js';
import { hashOf, keyedJobId, newJobId } from './job-ids.js';
import type { ExpressLane } from './ports.js';
import type { LongPrompts } from './routing/long-prompts.js';
import type { GatewaySettings } from './settings.js';

/** What a door asks for, already checked. */
export type Ask = {
  readonly account: string;
  /** Name of the API key it came with. */
  readonly apiKey?: string;
  readonly userId?: string;
  readonly dialect: Dialect;
  readonly model: string;
  /** The caller's body as one JSON text: it travels as it is. */
  readonly bodyText: string;
  /** The same, parsed. */
  readonly body?: object;
  readonly priority: number;
  readonly stream: boolean;
  /** True where an HTTP client holds its connection open for the outcome. */
  readonly hasWaiter: boolean;
  readonly deadlineAtMs?: number;
  readonly maxOutputTokens?: number;
  /** Of the prompt alone. @default a quarter of the body's characters */
  readonly estimatedInputTokens?: number;
  readonly idempotencyKey?: string;
  /**
   * Everything the caller asked for: the same key with another of these is refused. Read only where
   * a key is given.
   */
  readonly asked?: unknown;
  readonly preferences?: WireJob['preferences'];
  readonly strategy?: string;
  readonly tags?: WireJob['tags'];
  readonly costTags?: WireJob['costTags'];
  readonly hops: number;
  /** W3C trace context of the request. */
  readonly traceparent?: string;
};

/** What submitting a job needs. */
export type SubmissionDeps = {
  readonly bus: Bus;
  readonly objects: Objects;
  readonly installation: Installation;
  readonly settings: GatewaySettings;
  readonly log: Log;
  readonly now: () => number;
  readonly faultPoint: ReachFaultPoint;
  readonly tracing: Tracing;
  readonly express?: ExpressLane | undefined;
  /** Absent: prompts that do not travel with their jobs have no keys. */
  readonly longPrompts?: Pick<LongPrompts, 'keysOf'>;
};

/** Advised to a caller whose job could not be stored. */
const retryAfterMs = 1_000;

/**
 * The one way by which HTTP requests become jobs.
 *
 * - An acknowledged submission is the promise. An unknown result is repeated once with the same id.
 * - With an idempotency key the cell `submitted` is written first: the same key and body is the
 *   same job.
 */
export class Submission {
  readonly #deps: SubmissionDeps;

  constructor(deps: SubmissionDeps) {
    this.#deps = deps;
  }

  /** The id that the job of this ask has, or will have. */
  idFor({ account, idempotencyKey }: Pick<Ask, 'account' | 'idempotencyKey'>): string {
    const { installation, now } = this.#deps;
    return idempotencyKey
      ? keyedJobId(installation.secret, account, idempotencyKey)
      : newJobId(now());
  }

  /** True where a job's cell is surely that of this very request. */
  isOf(cell: WireCell, { asked }: Pick<Ask, 'asked'>): boolean {
    return cell.bodyHash === hashOf(asked);
  }

  /**
   * Stores the job. Returns its cell where the key's job was there already: waiting, running or
   * ended. Throws AppError `conflict` (key used with another body), `queue_full`, or `unavailable`:
   * then it may be stored or not.
   */
  async submit(jobId: string, ask: Ask): Promise<ReadCell | undefined> {
    if (!this.#deps.bus.isConnected) throw unavailable();
    if (!ask.idempotencyKey) {
      await this.#publish(jobId, ask, undefined, undefined);
      return undefined;
    }
    const bodyHash = hashOf(ask.asked);
    const { seq, known } = await this.#claimKey(jobId, ask, bodyHash);
    if (known && known.cell.status !== 'submitted') return known;
    try {
      await this.#publish(jobId, ask, bodyHash, seq);
    } catch (caught) {
      // Surely not stored: the key's cell would say `submitted` for ever. Who has read it meanwhile
      // and stored the job is not harmed: a job may start without its cell.
      const isOurs = known === undefined && AppError.from(caught).code === 'queue_full';
      if (isOurs) await this.#deps.bus.deleteSeq('STATE', seq);
      throw caught;
    }
    return known;
  }

  async #claimKey(jobId: string, ask: Ask, bodyHash: string) {
    const nowMs = this.#deps.now();
    const written = await this.#deps.bus.cells.write(
      {
        jobId,
        status: 'submitted',
        account: ask.account,
        kind: kindOfDialect[ask.dialect],
        model: ask.model,
        priority: ask.priority,
        userId: ask.userId,
        apiKey: ask.apiKey,
        submittedAtMs: nowMs,
        updatedAtMs: nowMs,
        bodyHash,
      },
      0,
    );
    if (written.kind === 'written') return { seq: written.seq, known: undefined };
    const known = written.current;
    if (!known) throw unavailable();
    // An outcome written without having seen the key's cell (a cancel that came first) names no
    // hash.
    if (known.cell.bodyHash && known.cell.bodyHash !== bodyHash) {
      throw new AppError('conflict', 'the idempotency key was used before with another request');
    }
    return { seq: known.seq, known };
  }

  async #publish(
    jobId: string,
    ask: Ask,
    bodyHash: string | undefined,
    cellSeq: number | undefined,
  ): Promise<void> {
    const { faultPoint } = this.#deps;
    const job = this.#jobOf(jobId, ask, bodyHash, cellSeq);
    const subject = subjects.submit(priorityClassOf(job.priority), job.kind, ask.account);
    const text = await this.#textOf(job, ask);
    faultPoint('gateway.submitting');
    if (await this.#express(job, text, ask)) return;
    const stored = await this.#publishTraced(subject, text, jobId, ask);
    if (stored.kind === 'full') {
      throw new AppError('queue_full', 'the waiting room is full, try again later', {
        retryAfterMs: 5_000,
      });
    }
    if (stored.kind === 'stale') throw unavailable();
    faultPoint('gateway.submitted');
  }

  /** True where the router of this process has stored the job in a free slot. */
  async #express(job: ReadJob, text: string, ask: Ask): Promise<boolean> {
    const { express, faultPoint } = this.#deps;
    if (!express) return false;
    // Only now: the text has the body as it came.
    if (ask.body) job.body = rememberText(ask.body as JsonObject, ask.bodyText);
    if ((await express.offer(job, text, ask.traceparent)) !== 'stored') return false;
    faultPoint('gateway.submitted');
    return true;
  }

  async #publishTraced(subject: string, text: string, jobId: string, ask: Ask) {
    const { tracing } = this.#deps;
    const parent = ask.traceparent;
    const span = tracing.open('publish jobs.submit', {
      kind: SpanKind.PRODUCER,
      parent,
      facts: tracing.isOn ? messagingFacts('publish', 'jobs.submit', jobId) : undefined,
    });
    const { traceparent } = span;
    try {
      const stored = await this.#publishTwice(
        subject,
        text,
        jobId,
        traceparent ? { traceparent } : undefined,
      );
      span.end(stored.kind === 'stored' ? undefined : stored.kind);
      return stored;
    } catch (caught) {
      const error = AppError.from(caught);
      span.end(error.code);
      throw error;
    }
  }

  /** An unknown result is repeated once: the message id keeps the stream from storing it twice. */
  async #publishTwice(
    subject: string,
    text: string,
    jobId: string,
    headers?: Record<string, string>,
  ) {
    const { bus, log } = this.#deps;
    try {
      return await bus.publish(subject, text, { messageId: jobId, headers });
    } catch (cause) {
      log.warn(
        { jobId, cause },
        'the result of a submission is unknown; repeating it with the same id',
      );
      return bus.publish(subject, text, { messageId: jobId, headers });
    }
  }

  #jobOf(
    jobId: string,
    ask: Ask,
    bodyHash: string | undefined,
    cellSeq: number | undefined,
  ): ReadJob {
    const { settings, now } = this.#deps;
    const { priority, bodyText } = ask;
    return {
      id: jobId,
      kind: kindOfDialect[ask.dialect],
      account: ask.account,
      userId: ask.userId,
      apiKey: ask.apiKey,
      priority: settings.isPriorityEnabled ? priority : priorityOfClass.normal,
      model: ask.model,
      dialect: ask.dialect,
      stream: ask.stream,
      submittedAtMs: now(),
      deadlineAtMs: ask.deadlineAtMs,
      queueTimeoutMs: ask.hasWaiter ? settings.queueTimeoutMs : settings.maxWaitMs,
      hasWaiter: ask.hasWaiter,
      idempotencyKey: ask.idempotencyKey,
      bodyHash,
      preferences: ask.preferences,
      strategy: ask.strategy,
      tags: ask.tags,
      costTags: ask.costTags,
      estimatedInputTokens: ask.estimatedInputTokens ?? Math.ceil(bodyText.length / 4),
      maxOutputTokens: ask.maxOutputTokens,
      hops: ask.hops,
      cellSeq,
    };
  }

  /**
   * The job as ProtoJSON; the caller's body is set in as the text it came as. A large one goes to
   * the object store, and the keys of its prompt with the job.
   */
  async #textOf(job: ReadJob, { bodyText, body }: Ask): Promise<string> {
    const { inlineLimitBytes } = this.#deps.settings;
    const isInline =
      bodyText.length * 3 <= inlineLimitBytes || Buffer.byteLength(bodyText) <= inlineLimitBytes;
    if (isInline) return `${JSON.stringify(job).slice(0, -1)},"body":${bodyText}}`;
    const bodyRef = `${job.id}/in`;
    const { objects, longPrompts } = this.#deps;
    const [promptKeys] = await Promise.all([
      longPrompts?.keysOf(job, () => body ?? (JSON.parse(bodyText) as object)),
      objects.put(bodyRef, Buffer.from(bodyText)),
    ]);
    if (promptKeys) job.promptKeys = promptKeys;
    return JSON.stringify({ ...job, bodyRef });
  }
}

const unavailable = () =>
  new AppError(
    'unavailable',
    'the job could not be stored, try again with the same idempotency key',
    {
      retryAfterMs,
    },
  );
