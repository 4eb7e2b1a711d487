import { isTerminal, kindOfDialect, type WireCell } from '@switchyard/contracts';
import { AppError, priorityClassOf } from '@switchyard/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Waiting } from './cancellation.js';
import type { LetIn } from './door-rates.js';
import { jobHeader } from './door.js';
import type { GatewayServices } from './gateway-services.js';
import { idempotencyKeyOf } from './idempotency-key.js';
import { tagsOf } from './job-tags.js';
import { noSuchModel } from './model-errors.js';
import { positionHeader, waitHeader } from './places.js';
import { tellOutcomeHeaders } from './outcome-headers.js';
import type { Ask } from './submission.js';
import { readBinaryTask, readTask, type TaskAsk } from './task-request.js';

/** The longest that `?wait=` may hold a connection. */
const waitMsMax = 600_000;
/** How long the tokens of a task count against a limit. */
const countedMs = 60_000;

/** Takes tasks: answers 202 at once, or waits as long as `?wait=` says. */
export class TaskDoor {
  readonly #services: GatewayServices;

  constructor(services: GatewayServices) {
    this.#services = services;
  }

  async submit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { submission, now, recent, backends, rates, waiters, tasks, stopping } = this.#services;
    const waitMs = waitMsOf((request.query as Record<string, unknown>).wait);
    const task = Buffer.isBuffer(request.body)
      ? readBinaryTask(request.body)
      : readTask(request.body, now());
    if (!backends.mayHave(task.model)) throw noSuchModel(task.model, 'parameters.model');
    const ask = askOf(task, request);
    const letIn = rates.isOn ? await rates.admit(ask, reply) : undefined;
    const jobId = submission.idFor(ask);
    reply.header(jobHeader, jobId).header('location', `/api/v1/tasks/${jobId}`);
    if (letIn) this.#correctLater(jobId, letIn);
    const wait =
      waitMs > 0
        ? new BoundedWait((hear) => waiters.wait(jobId, hear), waitMs, reply, stopping)
        : undefined;
    try {
      const known = await submission.submit(jobId, ask);
      recent.add(waitingOf(jobId, ask, now()));
      if (known && isTerminal(known.cell.status)) waiters.settle(jobId, known.cell);
      const cell = known && isTerminal(known.cell.status) ? known.cell : await wait?.outcome;
      if (cell) tellOutcomeHeaders(reply, cell, backends);
      if (cell) reply.code(200).send(await tasks.show({ ...cell, jobId }));
      else if (known) reply.code(200).send(await tasks.get(request.account, jobId));
      else await this.#accept(jobId, ask, reply, wait !== undefined);
    } finally {
      wait?.end();
    }
  }

  /** Nobody may wait for this job, but as long as its tokens count they are put right. */
  #correctLater(jobId: string, letIn: LetIn): void {
    const leave = this.#services.waiters.wait(jobId, letIn.ended);
    setTimeout(leave, countedMs).unref();
  }

  /** A client that has waited is told where its job stands, one that has not about where. */
  async #accept(jobId: string, ask: Ask, reply: FastifyReply, hasWaited: boolean): Promise<void> {
    const { places } = this.#services;
    const place = hasWaited ? await places.of(jobId) : undefined;
    const position = place?.position ?? (await places.ahead(priorityClassOf(ask.priority)));
    if (position !== undefined) reply.header(positionHeader, String(position));
    if (place) reply.header(waitHeader, String(place.waitMs));
    reply.code(202).send(accepted(jobId, ask, position));
  }
}

/**
 * Waits for an outcome, for the time to pass, for the client to leave or for the gateway to stop.
 */
class BoundedWait {
  readonly outcome: Promise<WireCell | undefined>;
  end: () => void = () => {};

  constructor(
    wait: (hear: (cell: WireCell) => void) => () => void,
    waitMs: number,
    reply: FastifyReply,
    stopping: AbortSignal,
  ) {
    this.outcome = new Promise((resolve) => {
      const onClose = () => resolve(undefined);
      const leave = wait(resolve);
      const timer = setTimeout(() => resolve(undefined), waitMs);
      reply.raw.on('close', onClose);
      stopping.addEventListener('abort', onClose);
      this.end = () => {
        leave();
        clearTimeout(timer);
        reply.raw.off('close', onClose);
        stopping.removeEventListener('abort', onClose);
      };
    });
  }
}

function askOf(task: TaskAsk, request: FastifyRequest): Ask {
  const header = idempotencyKeyOf(request.headers['idempotency-key']);
  if (header && task.idempotencyKey && header !== task.idempotencyKey) {
    throw invalid('idempotencyKey', 'differs from the header Idempotency-Key');
  }
  const { body, deadlineAtMs: _deadlineAtMs, idempotencyKey: _idempotencyKey, ...rest } = task;
  const tags = tagsOf(request.headers, task);
  return {
    ...task,
    ...tags,
    account: request.account,
    apiKey: request.apiKey,
    bodyText: JSON.stringify(body),
    hasWaiter: false,
    idempotencyKey: header ?? task.idempotencyKey,
    asked: { ...rest, ...tags, body },
    hops: request.hops,
    traceparent: request.span?.traceparent,
  };
}

const waitingOf = (jobId: string, ask: Ask, submittedAtMs: number): Waiting => ({
  jobId,
  account: ask.account,
  kind: kindOfDialect[ask.dialect],
  model: ask.model,
  priority: ask.priority,
  userId: ask.userId,
  submittedAtMs,
});

const accepted = (jobId: string, ask: Ask, position: number | undefined) => ({
  task_id: jobId,
  node_id: null,
  status: 'queued',
  message: 'The task is stored and will run.',
  estimated_tokens: estimatedTokens(ask),
  queue_position: position ?? null,
});

/**
 * What S1 tells: the limit where one is given, else a quarter of the characters; a tenth more, at
 * least 100.
 */
const estimatedTokens = ({ maxOutputTokens, bodyText }: Ask): number =>
  Math.max(100, Math.ceil(((maxOutputTokens ?? bodyText.length / 4) * 11) / 10));

function waitMsOf(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'string' && /^\d{1,7}$/.test(value) && Number(value) <= waitMsMax)
    return Number(value);
  throw invalid('wait', `must be whole milliseconds, at most ${waitMsMax}`);
}

const invalid = (field: string, problem: string) =>
  new AppError('invalid_request', `${field}: ${problem}`, { details: [{ field, problem }] });
