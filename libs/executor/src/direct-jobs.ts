import { randomUUID } from 'node:crypto';
import {
  dialectOfKind,
  encode,
  type JsonObject,
  readBody,
  subjects,
  type WireJob,
} from '@switchyard/contracts';
import { AppError, isJobKind, type JobKind } from '@switchyard/domain';
import type { BackendRunner } from './backend-runner.js';
import type { ExecutorContext } from './context.js';

/** A job for this very executor, as its own door takes it. */
export type DirectJob = {
  readonly account: string;
  readonly kind: string;
  readonly body: JsonObject;
  readonly priority: number;
  readonly userId?: string;
  readonly deadlineAtMs?: number;
};

/** NATS takes messages of 1 MiB; larger bodies travel through the object store, by a gateway. */
const bytesMax = 900 * 1024;

/** Where a direct job went. */
export type DirectlySent = {
  readonly jobId: string;
  readonly backendId: string;
  readonly estimatedTokens: number;
};

/**
 * Sends jobs to the backends of this executor past the router: no strategy, no line, no hold.
 *
 * A job takes a free slot in DISPATCH or is refused; from there on it is like any other: its cell,
 * its retries, its outcome. Since nobody holds money for it, a backend that costs some takes none.
 */
export class DirectJobs {
  readonly #context: ExecutorContext;
  readonly #runners: () => Iterable<BackendRunner>;

  constructor(context: ExecutorContext, runners: () => Iterable<BackendRunner>) {
    this.#context = context;
    this.#runners = runners;
  }

  /** Throws AppError `invalid_request`, `not_found`, `conflict`, `queue_full` or `unavailable`. */
  async send(asked: DirectJob): Promise<DirectlySent> {
    const { kind, body, ...rest } = asked;
    const dialect = isJobKind(kind) ? dialectOfKind(kind) : undefined;
    if (!dialect) throw new AppError('invalid_request', `kind: no backend runs "${kind}" jobs`);
    const { model, stream, maxOutputTokens, estimatedInputTokens } = readBody(dialect, body);
    const serving = [...this.#runners()].filter((runner) => runner.isServing);
    const able = serving.filter((runner) => runner.runs(model, kind as JobKind));
    if (able.length === 0) throw new AppError('not_found', `no backend here has model "${model}"`);
    const free = able.filter((runner) => !runner.costsMoney);
    if (free.length === 0) {
      throw new AppError(
        'conflict',
        `model "${model}" costs money here, and only the router holds some: send it to a gateway`,
      );
    }
    const { now } = this.#context;
    const submittedAtMs = now();
    const estimates = { maxOutputTokens, estimatedInputTokens };
    const jobId = randomUUID();
    const job = { id: jobId, kind, dialect, model, stream, body, submittedAtMs, ...estimates };
    const backendId = await this.#dispatch(free, { ...job, ...rest });
    const estimatedTokens = estimatedInputTokens + (maxOutputTokens ?? 0);
    return { jobId, backendId, estimatedTokens };
  }

  async #dispatch(runners: readonly BackendRunner[], job: WireJob): Promise<string> {
    const { bus, executorId, now } = this.#context;
    for (const { backend, slots } of runners) {
      for (let slot = 0; slot < slots; slot += 1) {
        const facts = { attemptNo: 1, backendId: backend.id, slot, dispatchedAtMs: now() };
        const text = encode({ dispatchId: `${executorId}-${job.id}`, job, ...facts });
        if (Buffer.byteLength(text) > bytesMax) {
          throw new AppError('payload_too_large', 'send jobs of this size to a gateway');
        }
        const stored = await bus.publish(subjects.dispatch(backend.id, slot), text);
        if (stored.kind === 'stored') return backend.id;
      }
    }
    throw new AppError('queue_full', 'every slot is taken, and no job waits at an executor', {
      retryAfterMs: 1_000,
    });
  }
}
