import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { AppError, type Log } from '@switchyard/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type BudgetError, budgetStandView } from './money/budget-stand.js';
import { isOpenAiPath, jobHeader } from './door.js';
import { openAiError, type ShownError } from './openai-errors.js';
import { restError } from './rest-errors.js';

/**
 * The one place where a door's errors become answers: every code of the table, in the shape of its
 * door.
 */
@Catch()
export class DoorErrors implements ExceptionFilter {
  readonly #log: Log;
  readonly #methodsAt: (path: string) => readonly string[];

  /** `methodsAt` tells the methods that a path has routes for. */
  constructor(log: Log, methodsAt: (path: string) => readonly string[]) {
    this.#log = log;
    this.#methodsAt = methodsAt;
  }

  catch(caught: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    const error = this.#read(caught, request, reply);
    const shown = showError(error, request, reply);
    if (error.code === 'internal') {
      this.#log.error(
        { requestId: request.id, cause: error.cause ?? error },
        'a request failed by a fault of our own',
      );
    }
    if (shown.retryAfterMs !== undefined)
      reply.header('retry-after', String(Math.ceil(shown.retryAfterMs / 1_000)));
    if (error.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
    if (error.code === 'conflict') reply.header('x-should-retry', 'false');
    reply
      .code(shown.status)
      .type('application/json; charset=utf-8')
      .send(errorBody(shown, request));
  }

  #read(caught: unknown, request: FastifyRequest, reply: FastifyReply): DoorError {
    if (caught instanceof AppError) return caught;
    const { code, statusCode, message } = caught as {
      code?: string;
      statusCode?: number;
      message?: string;
    };
    if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
      return new AppError('payload_too_large', 'the body is over the limit');
    if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || code === 'FST_ERR_CTP_INVALID_CONTENT_TYPE')
      return notJson();
    const status = caught instanceof HttpException ? caught.getStatus() : (statusCode ?? 500);
    if (status === 413) return new AppError('payload_too_large', 'the body is over the limit');
    if (status === 415) return notJson();
    if (status === 404) return this.#noRoute(request, reply);
    if (status >= 400 && status < 500)
      return new AppError('invalid_request', message ?? 'the request is malformed');
    return new AppError('internal', 'an internal fault', { cause: caught });
  }

  #noRoute(request: FastifyRequest, reply: FastifyReply): DoorError {
    const path = request.url.split('?', 1)[0] ?? '/';
    const methods = this.#methodsAt(path);
    if (methods.length === 0)
      return new AppError('not_found', `no route for ${request.method} ${path}`);
    reply.header('allow', methods.join(', '));
    const error = new AppError(
      'invalid_request',
      `${path} has no ${request.method}; it has ${methods.join(', ')}`,
    );
    return Object.assign(error, { shownStatus: 405 });
  }
}

/** A route's own answer to what is no failure of the table: its HTTP status set beside the code. */
type DoorError = BudgetError & { readonly shownStatus?: number };

const notJson = () => new AppError('invalid_request', 'Content-Type: must be application/json');

/** What of an error is shown: never a cause, and of our own faults nothing but that they are. */
export function showError(
  error: DoorError,
  request: FastifyRequest,
  reply: FastifyReply,
): ShownError {
  const jobId = reply.getHeader(jobHeader);
  return {
    status: error.shownStatus ?? error.httpStatus,
    code: error.code,
    message: error.code === 'internal' ? 'an internal fault' : error.message,
    details: error.details,
    budget: error.budget && budgetStandView(error.budget),
    retryAfterMs: error.retryAfterMs ?? (error.httpStatus === 503 ? 1_000 : undefined),
    jobId: typeof jobId === 'string' ? jobId : undefined,
    requestId: request.id,
  };
}

/** The body of an error in the shape of the request's door. */
export const errorBody = (shown: ShownError, request: FastifyRequest): object =>
  isOpenAiPath(request.url) ? openAiError(shown) : restError(shown);

/**
 * Answers what Fastify's router refuses before any hook runs: a malformed escape or an over-long
 * parameter.
 */
export function answerMalformedUrl(
  _cause: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const error = new AppError('invalid_request', 'the path is malformed');
  reply.header('x-request-id', request.id).code(400).type('application/json; charset=utf-8');
  reply.send(errorBody(showError(error, request, reply), request));
}
