import { jsonTextOf, rememberText } from '@switchyard/domain';
import type { BackendLink } from './backend-link.js';
import { isSimulated } from './backend-link.js';
import { noObject, StreamBody, type StreamParser, WholeBody } from './body-sinks.js';
import type { AttemptRequest, DriverEvent, DriverResult } from './driver.js';
import { EventFeed } from './event-feed.js';
import { DriverFailure, type DriverFailureOptions } from './failure.js';
import {
  errorMessageOf,
  headerOf,
  parseOrUndefined,
  type ResponseHeaders,
  shorten,
} from './http-failure.js';
import { isJsonObject, type JsonObject } from './json.js';

/** A request as its protocol has it. */
export type WireRequest = { readonly path: string; readonly body: JsonObject };

/** An answer that came in one piece, not yet read. */
export type WholeAnswer = { readonly body: JsonObject; readonly simulated: boolean };

/** Sends a request whose answer is one JSON object. */
export async function requestWhole(
  link: BackendLink,
  attempt: AttemptRequest,
  request: WireRequest,
  signal: AbortSignal,
): Promise<WholeAnswer> {
  let simulated = false;
  const whole = new WholeBody(link.responseBytesMax, { isObject: true });
  const accept = (status: number, headers: ResponseHeaders) => {
    simulated = isSimulated(headers);
    return link.accept(status, headers, () => {
      requireJson(headers);
      return whole;
    });
  };
  const exchange = link.post(request.path, jsonTextOf(request.body), attempt, { signal, accept });
  let text: string;
  try {
    await exchange.finished;
    text = whole.text;
  } finally {
    whole.free();
  }
  const body = parseOrUndefined(text);
  if (!isJsonObject(body)) throw noObject();
  if (body.error !== undefined && body.error !== null) throw failureInBody(body);
  return { body: rememberText(body, text), simulated };
}

/** Some servers name JSON a text, or nothing at all; none names it one of these. */
const otherTypes = /^(?:text\/(?:html|event-stream)|image\/|audio\/|video\/)/i;

function requireJson(headers: ResponseHeaders): void {
  if (otherTypes.test(headerOf(headers, 'content-type') ?? '')) throw noObject();
}

/** The failure that an error object under HTTP 200 stands for. */
export function failureInBody(body: unknown): DriverFailure {
  const message = errorMessageOf(body);
  return new DriverFailure(
    'upstream_error',
    `the backend reported: ${shorten(message ?? 'an error without a message')}`,
  );
}

/** Gives one event, with what it holds, to the attempt. */
export type Emit = (event: string, characters: number, hasContent: boolean) => void;

/** What reads one streamed answer, and knows what it came to. */
export type AnswerParser = StreamParser & {
  /** The complete answer; asked only after `end`. */
  result(): Omit<DriverResult, 'kind' | 'ttftMs' | 'simulated'>;
  /** What a broken answer came to; undefined where nothing had come. */
  partial(): Pick<DriverFailureOptions, 'partialUsage' | 'partialBody'> | undefined;
};

/** How a streamed answer is recognised and read. */
export type StreamOptions = {
  /** The content type of a stream, without parameters. */
  readonly contentType: string;
  readonly parserOf: (emit: Emit) => AnswerParser;
};

/** Sends a request whose answer is a stream: yields its events as they come, then the result. */
export async function* requestStream(
  link: BackendLink,
  attempt: AttemptRequest,
  request: WireRequest,
  signal: AbortSignal,
  options: StreamOptions,
): AsyncGenerator<DriverEvent> {
  const feed = new EventFeed();
  const startedMs = link.clock.monoMs();
  let ttftMs: number | undefined;
  let simulated = false;
  const parser = options.parserOf((event, characters, hasContent) => {
    feed.push(event, characters, hasContent);
    if (hasContent && ttftMs === undefined) {
      ttftMs = link.clock.monoMs() - startedMs;
      exchange.contentSeen();
    }
    if (feed.isFull) exchange.pause();
  });
  const accept = (status: number, headers: ResponseHeaders) => {
    simulated = isSimulated(headers);
    return link.accept(status, headers, () =>
      streamBody(link, headers, options.contentType, parser),
    );
  };
  const body = JSON.stringify(request.body);
  const exchange = link.post(request.path, body, attempt, { signal, accept, awaitsContent: true });
  exchange.finished.then(
    () => feed.end(),
    (failure: unknown) => {
      // An aborted attempt has no reader for what is left.
      if (signal.aborted) feed.clear();
      feed.fail(failure);
    },
  );
  try {
    for (let taken = await feed.take(); taken; taken = await feed.take()) {
      exchange.resume();
      yield taken;
    }
    yield { kind: 'result', ...parser.result(), ttftMs, simulated };
  } catch (failure) {
    throw withPartial(failure, parser, signal);
  } finally {
    exchange.close(new Error('the attempt was left'));
  }
}

/** The failure of a stream together with what had come before it, if anything had. */
function withPartial(failure: unknown, parser: AnswerParser, signal: AbortSignal): unknown {
  const partial = parser.partial();
  if (failure instanceof DriverFailure) return partial ? failure.withPartial(partial) : failure;
  if (!signal.aborted || !partial) return failure;
  return new DriverFailure('cancelled', 'the attempt was stopped', { cause: failure, ...partial });
}

function streamBody(
  link: BackendLink,
  headers: ResponseHeaders,
  contentType: string,
  parser: StreamParser,
) {
  const type = headerOf(headers, 'content-type') ?? '';
  if (type.startsWith(contentType)) return new StreamBody(parser, link.responseBytesMax);
  // Some servers report an error under 200 as JSON; anything else is not the stream that was asked
  // for.
  if (!type.startsWith('application/json')) {
    throw new DriverFailure(
      'upstream_protocol',
      `the backend answered a stream request with ${shorten(type)}`,
    );
  }
  const whole = new WholeBody(link.responseBytesMax, { isObject: true });
  return {
    write: (chunk: Buffer) => whole.write(chunk),
    end: () => {
      const body = parseOrUndefined(whole.text);
      if (isJsonObject(body) && body.error !== undefined) throw failureInBody(body);
      throw new DriverFailure(
        'upstream_protocol',
        'the backend answered a stream request without a stream',
      );
    },
  };
}
