import { decode, type JsonObject } from '@switchyard/contracts';
import { AppError, type FailureCode, type JobKind } from '@switchyard/domain';
import {
  type AttemptRequest,
  attemptTimeouts,
  DriverFailure,
  type DriverResult,
  type PartialUsage,
} from '@switchyard/drivers';
import {
  genAiFacts,
  genAiUsageFacts,
  operationOf,
  type OpenSpan,
  SpanKind,
} from '@switchyard/telemetry';
import type { Attempt } from './attempt.js';
import { ChunkSender } from './chunk-sender.js';
import type { ExecutorContext } from './context.js';
import { withoutKey } from './without-key.js';

/** How a call to a backend ended. */
export type Called =
  | { readonly kind: 'result'; readonly result: DriverResult }
  | {
      readonly kind: 'superseded';
      readonly partialUsage?: PartialUsage;
      readonly partialBody?: JsonObject;
    }
  | {
      readonly kind: 'failure';
      readonly code: FailureCode;
      readonly message: string;
      readonly retryAfterMs?: number;
      readonly partialUsage?: PartialUsage;
      readonly partialBody?: JsonObject;
    };

/**
 * Calls the backend for an attempt, sends its chunks on the way, and never throws for what a
 * backend does.
 */
export async function callBackend(context: ExecutorContext, attempt: Attempt): Promise<Called> {
  const deadline = armDeadline(context, attempt);
  const span = openSpan(context, attempt);
  try {
    const called = await exchange(context, attempt, span.traceparent);
    if (called.kind === 'result' && context.tracing.isOn) tellSpan(span, called.result);
    span.end(called.kind === 'failure' ? called.code : undefined);
    return called;
  } finally {
    clearTimeout(deadline);
  }
}

async function exchange(
  context: ExecutorContext,
  attempt: Attempt,
  traceparent: string | undefined,
): Promise<Called> {
  try {
    const request = await requestOf(context, attempt, traceparent);
    const chunks = new ChunkSender(context, attempt);
    let result: DriverResult | undefined;
    context.bus.sendDeferred();
    for await (const event of attempt.held.driver.start(request, attempt.signal)) {
      if (event.kind === 'result') result = event;
      else await chunks.send(event);
    }
    if (!result) return failure('upstream_protocol', 'the backend ended without an answer');
    if (attempt.job.stream) await chunks.finish();
    return { kind: 'result', result };
  } catch (caught) {
    return classify(context, attempt, caught);
  }
}

function openSpan(context: ExecutorContext, attempt: Attempt): OpenSpan {
  const { tracing } = context;
  const { held, job, cell, span } = attempt;
  const parent = span.traceparent;
  if (!tracing.isOn) return tracing.open('', { parent });
  const operation = operationOf(job.kind ?? '');
  const facts = genAiFacts({
    operation,
    provider: held.backend.kind,
    model: job.model ?? '',
    backendId: held.backend.id,
    jobId: cell.jobId,
    attemptNo: attempt.attemptNo,
  });
  return tracing.open(`${operation} ${job.model}`, { kind: SpanKind.CLIENT, parent, facts });
}

function tellSpan(span: OpenSpan, { usage, backendModel, finishReason }: DriverResult): void {
  span.add(genAiUsageFacts({ ...usage, backendModel, finishReason }));
}

async function requestOf(
  context: ExecutorContext,
  attempt: Attempt,
  traceparent: string | undefined,
): Promise<AttemptRequest> {
  const { job, held, cell } = attempt;
  const { backend } = held;
  const model = job.model ?? '';
  const stream = job.stream === true && job.kind !== 'embedding';
  return {
    jobId: cell.jobId,
    attemptNo: attempt.attemptNo,
    kind: job.kind as JobKind,
    dialect: job.dialect as AttemptRequest['dialect'],
    model: Object.hasOwn(backend.modelAliases, model)
      ? (backend.modelAliases[model] ?? model)
      : model,
    body: job.bodyRef ? await fetchBody(context, job.bodyRef) : (job.body ?? {}),
    stream,
    timeouts: attemptTimeouts(backend, stream),
    hop: { hops: job.hops ?? 0, instance: context.installationId },
    ...(traceparent && context.tracing.isOn ? { traceparent } : {}),
  };
}

async function fetchBody(context: ExecutorContext, name: string): Promise<JsonObject> {
  const data = await (await context.bus.objects()).get(name);
  if (!data) throw new AppError('internal', 'the body of the job is gone from the object store');
  return decode<JsonObject>(data);
}

/** Stops the attempt at the job's deadline or run limit, whichever comes first. */
function armDeadline(context: ExecutorContext, attempt: Attempt): NodeJS.Timeout | undefined {
  const { deadlineAtMs, runLimitMs } = attempt.job;
  const leftMs = deadlineAtMs ? deadlineAtMs - context.now() : Number.POSITIVE_INFINITY;
  const limitMs = runLimitMs || Number.POSITIVE_INFINITY;
  if (leftMs === Number.POSITIVE_INFINITY && limitMs === Number.POSITIVE_INFINITY) return undefined;
  const reason =
    leftMs <= limitMs
      ? new AppError('deadline_exceeded', 'the deadline passed while the job ran')
      : new AppError('upstream_timeout', 'the attempt ran over its limit');
  // Timers take at most 2^31 - 1 ms.
  return setTimeout(
    () => attempt.abort(reason),
    Math.min(Math.max(0, Math.min(leftMs, limitMs)), 2 ** 31 - 1),
  );
}

function classify(context: ExecutorContext, attempt: Attempt, caught: unknown): Called {
  if (attempt.signal.aborted) {
    const reason = AppError.from(attempt.signal.reason);
    const partial = caught instanceof DriverFailure ? partialOf(caught) : {};
    if (reason.code === 'conflict') return { kind: 'superseded', ...partial };
    return { ...failure(reason.code, reason.message), ...partial };
  }
  if (caught instanceof DriverFailure) {
    return {
      ...failure(caught.code, withoutKey(caught.message, attempt.held.backend.apiKey)),
      retryAfterMs: caught.retryAfterMs,
      ...partialOf(caught),
    };
  }
  const error = AppError.from(caught);
  context.log.error(
    { jobId: attempt.cell.jobId, err: error.message },
    'an attempt failed inside its executor',
  );
  return failure(error.code, error.code === 'internal' ? 'the executor failed' : error.message);
}

const failure = (code: FailureCode, message: string) =>
  ({ kind: 'failure', code, message }) as const;

const partialOf = ({ partialUsage, partialBody }: DriverFailure) => ({
  ...(partialUsage ? { partialUsage } : {}),
  ...(partialBody ? { partialBody } : {}),
});
