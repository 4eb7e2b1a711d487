import type { FailureCode } from '@switchyard/domain';
import { DriverFailure } from './failure.js';
import { isJsonObject } from './json.js';

/** No backend is believed when it asks to be left alone for longer than this. */
const retryAfterMsMax = 3_600_000;

/** Longest message of a backend that is passed on, in characters. */
const messageCharactersMax = 300;

/** Names and values of a response's header fields, names in lower case. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The value of a header; the first where it came more than once. */
export const headerOf = (headers: ResponseHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/**
 * How long a backend asks to be left alone: `retry-after-ms`, else `Retry-After` in seconds or as a
 * date; at most an hour. Undefined where it does not say or what it says makes no sense (negative,
 * not a number or date).
 */
export function retryAfterMs(headers: ResponseHeaders, nowMs: number): number | undefined {
  const exact = Number(headerOf(headers, 'retry-after-ms') ?? Number.NaN);
  if (exact >= 0) return Math.min(exact, retryAfterMsMax);
  const text = headerOf(headers, 'retry-after')?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1_000), retryAfterMsMax);
  // Only real dates: Date.parse takes "-5" for a month of 2001.
  const untilMs = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(untilMs)) return undefined;
  return Math.min(Math.max(0, Math.ceil(untilMs - nowMs)), retryAfterMsMax);
}

const codes: Readonly<Record<number, FailureCode>> = {
  400: 'invalid_request',
  413: 'invalid_request',
  414: 'invalid_request',
  422: 'invalid_request',
  401: 'upstream_unauthorized',
  402: 'upstream_unauthorized',
  403: 'upstream_unauthorized',
  404: 'upstream_model_missing',
  410: 'upstream_model_missing',
  // llama.cpp's answer to embeddings that it was not started for: true of this use, not of the
  // whole server.
  501: 'upstream_model_missing',
  408: 'upstream_timeout',
  504: 'upstream_timeout',
  429: 'rate_limited',
  508: 'loop_detected',
};

/** The failure that a response status other than success stands for. */
function codeOfStatus(status: number): FailureCode {
  return codes[status] ?? (status >= 500 ? 'upstream_error' : 'upstream_protocol');
}

/**
 * A protocol's own reading of a status and the message that came with it; undefined: the usual one.
 */
export type CodeOf = (status: number, message: string) => FailureCode | undefined;

/** The response as far as it is needed to tell why it is none. */
export type FailedResponse = {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly text: string;
};

/**
 * The failure of a response with a status other than success. The backend's own words are passed on
 * only where it refused the request's content: elsewhere they may name hosts, keys or paths of the
 * operator.
 */
export function failureOfResponse(
  response: FailedResponse,
  nowMs: number,
  codeOf?: CodeOf,
): DriverFailure {
  const { status, headers, text } = response;
  const told = errorMessageOf(parseOrUndefined(text));
  const code = codeOf?.(status, told ?? '') ?? codeOfStatus(status);
  const isPassedOn = told && code === 'invalid_request';
  const message = isPassedOn ? shorten(told) : `the backend answered with status ${status}`;
  return new DriverFailure(code, message, { retryAfterMs: retryAfterMs(headers, nowMs) });
}

/**
 * The message of an error body: `{error: {message}}`, `{error: "..."}`, `{message}` or `{detail}`.
 */
export function errorMessageOf(body: unknown): string | undefined {
  if (!isJsonObject(body)) return undefined;
  const { error, message, detail } = body;
  if (typeof error === 'string') return error;
  if (isJsonObject(error) && typeof error.message === 'string') return error.message;
  if (typeof message === 'string') return message;
  return typeof detail === 'string' ? detail : undefined;
}

/** `text` on one line, no longer than is passed on, and without what looks like a key. */
export function shorten(text: string): string {
  const line = text
    .slice(0, 4 * messageCharactersMax)
    .replace(/\b(Bearer +|sk-|key-)[\w.~+/=-]{8,}/g, '[secret]')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= messageCharactersMax ? line : `${line.slice(0, messageCharactersMax - 1)}…`;
}

/** `text` as JSON; undefined where it is none. */
export function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Errors by which undici and Node say that a request took too long to connect. */
const connectTimeouts = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);

/** The failure of an exchange that broke: before a response began, or in the middle of it. */
export function failureOfTransport(error: Error, hasBegun: boolean): DriverFailure {
  const code = (error as { code?: unknown }).code;
  const named = typeof code === 'string' ? ` (${code})` : '';
  if (hasBegun) {
    return new DriverFailure('upstream_protocol', `the backend's answer broke off${named}`, {
      cause: error,
    });
  }
  if (typeof code === 'string' && connectTimeouts.has(code)) {
    return new DriverFailure('upstream_timeout', 'the backend could not be connected to in time', {
      cause: error,
    });
  }
  if (error.name === 'HTTPParserError' || named.includes('HEADERS_OVERFLOW')) {
    return new DriverFailure('upstream_protocol', `the backend does not speak HTTP${named}`, {
      cause: error,
    });
  }
  const message = `the backend could not be reached, or reset before it answered${named}`;
  return new DriverFailure('upstream_unreachable', message, { cause: error });
}
