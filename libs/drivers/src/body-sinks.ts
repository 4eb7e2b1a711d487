import { StringDecoder } from 'node:string_decoder';
import type { BodySink } from './exchange.js';
import { DriverFailure } from './failure.js';
import { freeBuffers } from './free-buffers.js';
import { type CodeOf, failureOfResponse, type ResponseHeaders } from './http-failure.js';

/** How much of an error's body is read, in bytes. */
const errorBytesMax = 64 * 1024;

/** The failure of an answer that is longer than it may be. */
export const tooLarge = (bytesMax: number): DriverFailure =>
  new DriverFailure('upstream_protocol', `the backend's answer is longer than ${bytesMax} bytes`);

/** The failure of an answer that is no JSON object. */
export const noObject = (): DriverFailure =>
  new DriverFailure('upstream_protocol', 'the backend did not answer with a JSON object');

/** What may stand before a JSON text. */
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const brace = 0x7b;

/**
 * Keeps a body in memory, up to `bytesMax`; above it the exchange fails, and where an object is
 * awaited, with the first byte that begins none.
 */
export class WholeBody implements BodySink {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #awaitsBrace: boolean;

  constructor(
    private readonly bytesMax: number,
    { isObject = false }: { readonly isObject?: boolean } = {},
  ) {
    this.#awaitsBrace = isObject;
  }

  write(chunk: Buffer): void {
    if (this.#awaitsBrace) this.#lookForBrace(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > this.bytesMax) {
      this.free();
      throw tooLarge(this.bytesMax);
    }
    this.#chunks.push(chunk);
  }

  end(): void {}

  /** Forgets what was kept. The last read stays: whoever parses it may not be through with it. */
  free(): void {
    const last = this.#chunks.at(-1)?.buffer;
    freeBuffers(this.#chunks.filter(({ buffer }) => buffer !== last));
    this.#chunks = [];
  }

  get text(): string {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first) return first.toString('utf8');
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  #lookForBrace(chunk: Buffer): void {
    const first = chunk.find((byte) => !blanks.has(byte));
    if (first === undefined) return;
    if (first !== brace) throw noObject();
    this.#awaitsBrace = false;
  }
}

/** Reads the beginning of an error's body and then fails the exchange with what it says. */
export class ErrorBody implements BodySink {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    private readonly status: number,
    private readonly headers: ResponseHeaders,
    private readonly nowMs: number,
    private readonly codeOf?: CodeOf,
  ) {}

  write(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > errorBytesMax) this.end();
  }

  end(): never {
    const text = Buffer.concat(this.#chunks).toString('utf8');
    throw failureOfResponse(
      { status: this.status, headers: this.headers, text },
      this.nowMs,
      this.codeOf,
    );
  }
}

const largeReadBytes = 16 * 1024;
const freeAtOnce = 64;

/** Turns the text of a stream into events; whatever it throws fails the attempt. */
export type StreamParser = {
  feed(text: string): void;
  /** The body is complete: throws unless the answer is too. */
  end(): void;
};

/**
 * The bytes of a stream as text for its parser, up to `bytesMax`; a read may end in the middle of a
 * character.
 */
export class StreamBody implements BodySink {
  readonly #decoder = new StringDecoder('utf8');
  #bytes = 0;
  /** Large reads that were parsed; what comes token by token is not worth it. */
  #parsed: Buffer[] = [];

  constructor(
    private readonly parser: StreamParser,
    private readonly bytesMax: number,
  ) {}

  write(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.bytesMax) throw tooLarge(this.bytesMax);
    this.parser.feed(this.#decoder.write(chunk));
    if (chunk.length >= largeReadBytes) this.#freeLater(chunk);
  }

  end(): void {
    const rest = this.#decoder.end();
    if (rest) this.parser.feed(rest);
    this.parser.end();
  }

  #freeLater(chunk: Buffer): void {
    this.#parsed.push(chunk);
    if (this.#parsed.length < freeAtOnce) return;
    // The read under way may not be parsed to its end.
    freeBuffers(this.#parsed.filter(({ buffer }) => buffer !== chunk.buffer));
    this.#parsed = [];
  }
}
