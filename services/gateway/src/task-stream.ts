import { dialectOfKind, isTerminal, type WireCell } from '@switchyard/contracts';
import { AppError, isJobKind } from '@switchyard/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ChatStream, interrupted, type Tell } from './chat-stream.js';
import { jobHeader } from './door.js';
import type { GatewayServices } from './gateway-services.js';
import { lastEventPlace, readStreamPlace, type StreamPlace, streamStart } from './stream-place.js';

/**
 * The answer of one task as it is made, from the beginning or behind what the client has: at any
 * gateway, as often as it is asked for, by as many as ask. Nobody's leaving cancels the task.
 */
export class TaskStream {
  readonly #services: GatewayServices;

  constructor(services: GatewayServices) {
    this.#services = services;
  }

  /** Throws AppError `not_found`, or `invalid_request` for a task whose answer is no text. */
  async stream(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { id = '' } = request.params as { readonly id?: string };
    const { from: asked } = request.query as { readonly from?: unknown };
    const from =
      lastEventPlace(request) ??
      (typeof asked === 'string' ? readStreamPlace(asked, 'from') : streamStart);
    const { kind = '', model = '' } = await this.#services.tasks.find(request.account, id);
    const dialect = isJobKind(kind) ? dialectOfKind(kind) : undefined;
    if (!dialect || kind === 'embedding') {
      throw new AppError('invalid_request', `the answer of a ${kind} task is no stream`);
    }
    reply.header(jobHeader, id);
    const stream = new ChatStream({
      jobId: id,
      dialect,
      model,
      includeUsage: false,
      from,
      begin: (tell) => this.#follow(request.account, id, from, reply, tell),
      // Where the state cannot be read, the client is told so in the status, and comes back.
      isHeldBack: true,
      reply,
      services: this.#services,
    });
    await stream.run();
  }

  /** Waits for the outcome; resolves to the attempt that streams already, if there is one. */
  async #follow(
    account: string,
    jobId: string,
    from: StreamPlace,
    reply: FastifyReply,
    tell: Tell,
  ): Promise<number | undefined> {
    const { waiters, tasks, stopping } = this.#services;
    const over = new AbortController();
    const leave = waiters.wait(jobId, (cell) => {
      over.abort();
      tell.ended(cell);
    });
    // Where the gateway stops, the client goes on at another one.
    const onLeave = () => {
      over.abort();
      tell.left();
    };
    over.signal.addEventListener('abort', leave);
    reply.raw.once('close', onLeave);
    stopping.addEventListener('abort', onLeave, { signal: over.signal });
    const cell = (await tasks.cell(account, jobId))?.cell;
    if (cell && isTerminal(cell.status)) waiters.settle(jobId, cell);
    else if (hasMovedOn(cell, from)) throw interrupted();
    return cell?.status === 'running' ? cell.attemptNo : undefined;
  }
}

/** True where another attempt counts by now than the one of which the client has a part. */
function hasMovedOn(cell: WireCell | undefined, { attemptNo }: StreamPlace): boolean {
  if (!cell || attemptNo === undefined) return false;
  return cell.status !== 'running' || cell.attemptNo !== attemptNo;
}
