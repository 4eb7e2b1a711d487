import type { ServerResponse } from 'node:http';
import { chunksBefore, type Fault } from './faults.js';
import type { Reply, Wire } from './wire.js';

/** Where an answer goes, and what every answer carries. */
export type Answer = {
  readonly response: ServerResponse;
  readonly headers: readonly string[];
  readonly wire: Wire;
};

export type Pace = { readonly firstTokenDelayMs: number; readonly tokensPerSecond: number };

type StreamReply = Extract<Reply, { kind: 'stream' }>;

/** Sends one JSON text. */
export function sendWhole(
  answer: Answer,
  status: number,
  body: string,
  more: readonly string[] = [],
): void {
  const { response, headers } = answer;
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, [
    'content-type',
    'application/json',
    'content-length',
    length,
    ...headers,
    ...more,
  ]);
  response.end(body);
}

/** Plays a reply as a well backend would, at its pace. */
export function playReply(answer: Answer, reply: Reply, pace: Pace): void {
  if (reply.kind === 'error') return sendWhole(answer, reply.status, reply.body);
  const { firstTokenDelayMs, tokensPerSecond } = pace;
  if (reply.kind === 'whole') {
    const tokensMs = tokensPerSecond > 0 ? (reply.tokens / tokensPerSecond) * 1_000 : 0;
    return after(answer, firstTokenDelayMs + tokensMs, () => sendWhole(answer, 200, reply.body));
  }
  after(answer, firstTokenDelayMs, () => {
    openStream(answer, reply.contentType);
    answer.response.write(reply.head);
    playTokens(answer, reply, tokensPerSecond, 0);
  });
}

function playTokens(
  answer: Answer,
  reply: StreamReply,
  tokensPerSecond: number,
  from: number,
): void {
  const { response } = answer;
  if (tokensPerSecond === 0) {
    for (const token of reply.tokens) response.write(token);
    response.end(reply.tail);
    return;
  }
  const token = reply.tokens[from];
  if (token === undefined) {
    response.end(reply.tail);
    return;
  }
  response.write(token);
  after(answer, 1_000 / tokensPerSecond, () =>
    playTokens(answer, reply, tokensPerSecond, from + 1),
  );
}

/** Plays what a sick backend does instead. */
export function playFault(answer: Answer, reply: Reply, pace: Pace, fault: Fault): void {
  switch (fault.kind) {
    case 'hang':
      return;
    case 'reset':
      return destroy(answer.response);
    case 'slow':
      return after(answer, fault.delayMs, () => playReply(answer, reply, pace));
    case 'rateLimited':
      return refuse(answer, 429, 'Rate limit reached', fault.retryAfter);
    case 'status':
      return refuse(answer, fault.status, 'simulated fault', fault.retryAfter, fault.body);
    case 'redirect':
      return sendWhole(answer, 307, '{}', ['location', fault.location]);
    case 'wrongContentType':
      answer.response.writeHead(200, ['content-type', 'text/html', ...answer.headers]);
      answer.response.end('<html><body>Welcome to nginx!</body></html>');
      return;
    case 'oversize':
    case 'endlessLine':
      return sendEndless(answer, reply, fault.kind);
    case 'garbage':
      openStream(answer, typeOf(reply));
      answer.response.end('\u0000\u0001{{{ this is not what was asked for\n\n');
      return;
    case 'missingUsage':
      return playReply(answer, reply, pace);
    default:
      return breakOff(answer, reply, fault);
  }
}

type MidStreamFault = Extract<
  Fault,
  { kind: 'hangMidStream' | 'cut' | 'endEarly' | 'errorInStream' | 'malformedChunk' | 'quirks' }
>;

function breakOff(answer: Answer, reply: Reply, fault: MidStreamFault): void {
  const { response, wire } = answer;
  if (reply.kind === 'error') return sendWhole(answer, reply.status, reply.body);
  if (reply.kind === 'whole') return breakWhole(answer, reply.body, fault);
  openStream(answer, reply.contentType);
  response.write(reply.head);
  if (fault.kind === 'quirks') return playOddly(answer, reply);
  const sent = chunksBefore(fault);
  for (const token of reply.tokens.slice(0, sent)) response.write(token);
  if (fault.kind === 'cut') setImmediate(() => destroy(response));
  if (fault.kind === 'endEarly') response.end();
  if (fault.kind === 'errorInStream') {
    const message = fault.message ?? 'an error was encountered while running the model';
    response.end(wire.frameOf(wire.error(500, message)));
  }
  if (fault.kind === 'malformedChunk') {
    response.write(wire.frameOf('{"broken": tru'));
    for (const token of reply.tokens.slice(sent)) response.write(token);
    response.end(reply.tail);
  }
}

function breakWhole(answer: Answer, body: string, fault: MidStreamFault): void {
  const { response, headers, wire } = answer;
  if (fault.kind === 'quirks') return sendWhole(answer, 200, body);
  if (fault.kind === 'errorInStream')
    return sendWhole(answer, 200, wire.error(500, fault.message ?? 'failed'));
  if (fault.kind === 'malformedChunk') return sendWhole(answer, 200, body.replace('{', '{{'));
  const bytes = Buffer.from(body);
  const isCutShort = fault.kind !== 'endEarly';
  const length = isCutShort ? ['content-length', String(bytes.length)] : [];
  response.writeHead(200, ['content-type', 'application/json', ...length, ...headers]);
  response.write(bytes.subarray(0, bytes.length >> 1));
  if (fault.kind === 'cut') setImmediate(() => destroy(response));
  if (fault.kind === 'endEarly') response.end();
}

/**
 * The same answer with odd frames in between, each read ending in the middle of a character where
 * it can.
 */
function playOddly(answer: Answer, reply: StreamReply): void {
  const { response, wire } = answer;
  const odd = Buffer.from(reply.tokens.map((token) => wire.oddFrame + token).join('') + reply.tail);
  const step = 23;
  const next = (from: number): void => {
    if (response.destroyed) return;
    if (from >= odd.length) return void response.end();
    response.write(odd.subarray(from, from + step));
    setImmediate(() => next(from + step));
  };
  next(0);
}

/** Sends for as long as anybody reads: each write waits for the one before it. */
function sendEndless(answer: Answer, reply: Reply, kind: 'oversize' | 'endlessLine'): void {
  const { response } = answer;
  openStream(answer, typeOf(reply));
  const filler = 'a'.repeat(64 * 1024);
  const isChunks = kind === 'oversize' && reply.kind === 'stream' && reply.tokens.length > 0;
  const piece = isChunks ? (reply.tokens[0] as string).repeat(100) : filler;
  if (!isChunks) response.write(reply.kind === 'stream' ? 'data: {"choices":"' : '{"choices":"');
  const pour = (): void => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once('drain', pour);
  };
  pour();
}

const typeOf = (reply: Reply): string =>
  reply.kind === 'stream' ? reply.contentType : 'application/json';

function openStream(answer: Answer, contentType: string): void {
  answer.response.writeHead(200, ['content-type', contentType, ...answer.headers]);
}

function refuse(
  answer: Answer,
  status: number,
  message: string,
  retryAfter?: string,
  body?: string,
): void {
  const more = retryAfter === undefined ? [] : ['retry-after', retryAfter];
  sendWhole(answer, status, body ?? answer.wire.error(status, message), more);
}

function after(answer: Answer, delayMs: number, act: () => void): void {
  if (delayMs <= 0) return act();
  const timer = setTimeout(() => {
    if (!answer.response.destroyed) act();
  }, delayMs);
  // The listener keeps the process alive; once it is closed nobody waits for this answer.
  timer.unref();
}

const cut = Symbol('cut by the fake itself');

/** True where a fault closed the connection, not the client. */
export const isCut = (response: ServerResponse): boolean =>
  (response as { [cut]?: true })[cut] === true;

function destroy(response: ServerResponse): void {
  (response as { [cut]?: true })[cut] = true;
  const { socket } = response;
  if (socket && 'resetAndDestroy' in socket) socket.resetAndDestroy();
  else response.destroy();
}
