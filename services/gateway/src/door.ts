import type { IncomingMessage } from 'node:http';
import { AppError } from '@switchyard/domain';
import { hopHeader, hopsMax, instanceHeader, parseHop } from '@switchyard/drivers';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from './identity.js';
import type { Installation } from './installation.js';
import { parseJson } from './json-body.js';
import { type OpenSpan, SpanKind, type Tracing } from '@switchyard/telemetry';
import type { GatewayMetrics } from './ports.js';
import { randomText } from './random-text.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose request it is; set before any handler of a guarded path runs. */
    account: string;
    /** Name of the API key it came with; undefined where nobody needs one. */
    apiKey: string | undefined;
    /** True where the caller may change what runs. */
    isAdmin: boolean;
    /** Doors passed on the way here. */
    hops: number;
    /** The trace of this request; its context travels with the job. */
    span: OpenSpan | undefined;
    /** The JSON body as it came. */
    bodyText: string;
  }
}

/** Names the job in every answer about one. */
export const jobHeader = 'x-switchyard-job';

/** True for paths of the OpenAI door. */
export const isOpenAiPath = (url: string): boolean => url.startsWith('/v1/') || url === '/v1';
/** True for paths of either door. */
export const isDoorPath = (url: string): boolean =>
  isOpenAiPath(url) || (url.startsWith('/api/') && !url.startsWith('/api/docs'));

const requestIdForm = /^[\x21-\x7e]{1,128}$/;

/** The caller's `x-request-id` where it has a sane form, else a new one. */
export function requestIdOf(message: IncomingMessage): string {
  const given = message.headers['x-request-id'];
  if (typeof given === 'string' && requestIdForm.test(given)) return given;
  return `req-${randomText()}`;
}

type DoorDeps = {
  readonly identity: Identity;
  readonly installation: Installation;
  readonly metrics: GatewayMetrics;
  readonly tracing: Tracing;
};

/**
 * Gives every request its id, its account and its place in a chain of doors, and counts its answer.
 */
export function openDoor(
  fastify: FastifyInstance,
  { identity, installation, metrics, tracing }: DoorDeps,
): void {
  fastify.decorateRequest('account', '');
  fastify.decorateRequest('apiKey', undefined);
  fastify.decorateRequest('isAdmin', false);
  fastify.decorateRequest('hops', 0);
  fastify.decorateRequest('bodyText', '');
  fastify.decorateRequest('span', undefined);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header(instanceHeader, installation.id);
    reply.header('x-request-id', request.id);
    if (!isDoorPath(request.url)) return done();
    request.span = openSpan(request, tracing);
    const { traceparent } = request.span;
    if (traceparent) reply.header('traceparent', traceparent);
    done(guard(request, identity, installation));
  });
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const status = reply.raw.statusCode;
    request.span?.add({ 'http.response.status_code': status });
    request.span?.end(status >= 500 ? String(status) : undefined);
    metrics.requestEnded({
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status,
      durationMs: reply.elapsedTime,
    });
    done();
  });
  readJsonBodies(fastify);
}

const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's trace goes on where it is well formed. */
function openSpan(request: FastifyRequest, tracing: Tracing): OpenSpan {
  const { traceparent } = request.headers;
  const isSane = typeof traceparent === 'string' && traceparentForm.test(traceparent);
  const parent = isSane ? traceparent : undefined;
  if (!tracing.isOn) return tracing.open('', { parent });
  const route = request.routeOptions.url ?? 'none';
  const facts = { 'http.request.method': request.method, 'http.route': route };
  return tracing.open(`${request.method} ${route}`, { kind: SpanKind.SERVER, parent, facts });
}

function guard(
  request: FastifyRequest,
  identity: Identity,
  installation: Installation,
): AppError | undefined {
  const value = request.headers[hopHeader];
  const hop = parseHop(typeof value === 'string' ? value : undefined);
  if (hop && (hop.instance === installation.id || hop.hops > hopsMax)) {
    return new AppError(
      'loop_detected',
      'the request came back to the door it left from: a backend is a Switchyard',
    );
  }
  if (identity.isOpen && isForeignHost(request.headers.host)) {
    return new AppError(
      'forbidden',
      'without API keys only names of this machine are served: use localhost',
    );
  }
  try {
    request.hops = hop?.hops ?? 0;
    const { account, isAdmin, apiKey } = identity.callerOf(request.headers);
    request.account = account;
    request.apiKey = apiKey;
    request.isAdmin = isAdmin;
    return undefined;
  } catch (caught) {
    return AppError.from(caught);
  }
}

/**
 * True for a public name in `Host`. On an open door such a request is a web page whose name was
 * made to point to this machine (DNS rebinding): it could read and spend what the browser's user
 * could.
 */
function isForeignHost(host: string | undefined): boolean {
  if (host === undefined) return false;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name.includes('.') && !/^[\d.]+$/.test(name) && !name.endsWith('.localhost');
}

/** Bodies are JSON, read once; their text is kept, since it travels on as it came. */
function readJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    /^application\/(.+\+)?json(?:$|[;\s])/i,
    { parseAs: 'string' },
    (request, text, done) => {
      try {
        request.bodyText = text as string;
        done(null, text === '' ? undefined : parseJson(text as string));
      } catch (caught) {
        done(AppError.from(caught));
      }
    },
  );
  fastify.addContentTypeParser(
    'application/protobuf',
    { parseAs: 'buffer' },
    (request, data, done) => {
      const isTask = request.url.startsWith('/api/v1/tasks');
      done(
        isTask ? null : new AppError('invalid_request', 'Content-Type: must be application/json'),
        data,
      );
    },
  );
}
