import { StringDecoder } from 'node:string_decoder';
import type { BodySink } from './exchange.js';
import { DriverFailure } from './failure.js';
import { type CodeOf, failureOfResponse, type ResponseHeaders } from './http-failure.js';

/** How much of an error's body is read, in bytes. */
const errorBytesMax = 64 * 1024;

const tooLarge = (bytesMax: number): DriverFailure =>
  new DriverFailure('upstream_protocol', `the backend's answer is longer than ${bytesMax} bytes`);

/** Keeps a body in memory, up to `bytesMax`; above it the exchange fails. */
export class WholeBody implements BodySink {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  write(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.bytesMax) throw tooLarge(this.bytesMax);
    this.#chunks.push(chunk);
  }

  end(): void {}

  get text(): string {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first) return first.toString('utf8');
    return Buffer.concat(this.#chunks).toString('utf8');
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

  constructor(
    private readonly parser: StreamParser,
    private readonly bytesMax: number,
  ) {}

  write(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.bytesMax) throw tooLarge(this.bytesMax);
    this.parser.feed(this.#decoder.write(chunk));
  }

  end(): void {
    const rest = this.#decoder.end();
    if (rest) this.parser.feed(rest);
    this.parser.end();
  }
}
