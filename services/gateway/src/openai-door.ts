import { type Dialect, readBody, type WireCell } from '@switchyard/contracts';
import { defaultPriority } from '@switchyard/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ChatStream } from './chat-stream.js';
import type { LetIn } from './door-rates.js';
import { jobHeader } from './door.js';
import type { GatewayServices } from './gateway-services.js';
import { idempotencyKeyOf } from './idempotency-key.js';
import { tagsOf } from './job-tags.js';
import { modelAware, noSuchModel } from './model-errors.js';
import { failureOf } from './outcome.js';
import { tellOutcomeHeaders } from './outcome-headers.js';
import { lastEventPlace, streamStart } from './stream-place.js';
import type { Ask } from './submission.js';

/** Serves one request of the OpenAI door: a job, and the wait for its outcome. */
export class OpenAiDoor {
  readonly #services: GatewayServices;

  constructor(services: GatewayServices) {
    this.#services = services;
  }

  /** Answers as JSON, or as server-sent events where the body asks for them. */
  async serve(dialect: Dialect, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const read = readBody(dialect, request.body);
    if (!this.#services.backends.mayHave(read.model)) throw noSuchModel(read.model);
    const idempotencyKey = idempotencyKeyOf(request.headers['idempotency-key']);
    const { tags, costTags } = tagsOf(request.headers);
    const ask: Ask = {
      account: request.account,
      apiKey: request.apiKey,
      dialect,
      model: read.model,
      bodyText: request.bodyText,
      body: request.body as object,
      priority: defaultPriority,
      stream: read.stream,
      hasWaiter: true,
      maxOutputTokens: read.maxOutputTokens,
      estimatedInputTokens: read.estimatedInputTokens,
      idempotencyKey,
      asked: idempotencyKey ? { dialect, body: request.body, tags, costTags } : undefined,
      tags,
      costTags,
      hops: request.hops,
      traceparent: request.span?.traceparent,
    };
    const jobId = this.#services.submission.idFor(ask);
    reply.header(jobHeader, jobId);
    const { rates } = this.#services;
    const letIn = rates.isOn ? await rates.admit(ask, reply) : undefined;
    if (read.stream) await this.#stream(jobId, ask, read.includeUsage, reply, letIn);
    else await this.#answer(jobId, ask, reply, letIn);
  }

  async #answer(jobId: string, ask: Ask, reply: FastifyReply, letIn?: LetIn): Promise<void> {
    const cell = await this.#services.patience.outcomeOf(jobId, ask, reply.raw);
    if (!cell) return;
    letIn?.ended(cell);
    tellOutcomeHeaders(reply, cell, this.#services.backends);
    if (cell.status !== 'succeeded') throw modelAware(failureOf(cell.outcome), ask.model);
    const text = await this.#services.results.text(cell);
    reply.code(200).type('application/json; charset=utf-8').send(text);
  }

  /** A client that comes back with its key names the last event it has. */
  async #stream(
    jobId: string,
    ask: Ask,
    includeUsage: boolean,
    reply: FastifyReply,
    letIn?: LetIn,
  ): Promise<void> {
    const { patience } = this.#services;
    const from = lastEventPlace(reply.request) ?? streamStart;
    const { dialect, model } = ask;
    const stream = new ChatStream({
      jobId,
      dialect,
      model,
      includeUsage,
      from,
      begin: async (tell) => {
        const ended = (cell: WireCell) => {
          letIn?.ended(cell);
          tell.ended(cell);
        };
        await patience.hold(jobId, ask, reply.raw, { ended, left: tell.left }).submitted;
        return from.attemptNo;
      },
      isHeldBack: ask.idempotencyKey !== undefined,
      reply,
      services: this.#services,
    });
    await stream.run();
  }
}
