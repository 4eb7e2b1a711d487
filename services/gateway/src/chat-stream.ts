import type { Dialect, Place, WireCell, WireOutcome } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import type { FastifyReply } from 'fastify';
import { ChunkFeed, type PlacedChunk } from './chunk-feed.js';
import { errorBody, showError } from './door-errors.js';
import type { GatewayServices } from './gateway-services.js';
import { modelAware } from './model-errors.js';
import { failureOf } from './outcome.js';
import { costText, tellOutcomeHeaders } from './outcome-headers.js';
import { positionHeader, queuedComment, waitHeader } from './places.js';
import { SseWriter } from './sse-writer.js';
import { restOfStream } from './stream-rest.js';
import { eventIdOf, type StreamPlace } from './stream-place.js';

/** What a stream is told of its job. */
export type Tell = { readonly ended: (cell: WireCell) => void; readonly left: () => void };

type ChatStreamOptions = {
  readonly jobId: string;
  readonly dialect: Dialect;
  readonly model: string;
  readonly includeUsage: boolean;
  /** Where the client comes back to. */
  readonly from: StreamPlace;
  /**
   * Begins the job, or the wait for it. Resolves, where an attempt runs already, to its number: its
   * events so far are read from the stream.
   */
  readonly begin: (tell: Tell) => Promise<number | undefined>;
  /** True: before `begin` resolves it is not known whether the client may have the job's answer. */
  readonly isHeldBack?: boolean;
  readonly reply: FastifyReply;
  readonly services: GatewayServices;
};

/** A gap that could not be filled is tried again after this long. */
const gapAgainMs = 250;

/**
 * Chunks kept for a client that does not keep up; beyond it they are read again from the stream.
 */
const keptCharactersMax = 1_000_000;

/**
 * One streamed answer.
 *
 * - Events leave in order, of one attempt only: the first of which a byte was sent.
 * - Each event has an id, with which its client comes back and goes on behind it.
 * - Missed chunks are read from the stream, else taken from the outcome's text.
 * - `[DONE]` leaves only after the outcome says succeeded and every event of it was sent; after a
 *   failure the stream ends with an error event and without `[DONE]`.
 */
export class ChatStream {
  readonly #options: ChatStreamOptions;
  readonly #writer: SseWriter;
  readonly #feed: ChunkFeed;
  #attemptNo: number | undefined;
  #nextEvent: number;
  /** True once the client has an event: from then on it gets no other attempt's. */
  #hasSent: boolean;
  /** True once it was told where the answer comes from. */
  #isStartTold = false;
  /** The last chunk sent, for the rare stream that must be completed from the outcome's text. */
  #last: { readonly offsetCharacters: number; readonly events: readonly string[] } | undefined;
  /** Since when a gap could not be filled: what follows it waits for the next try. */
  #gapSinceMonoMs: number | undefined;
  /** True where events of before are to be read, though none is heard. */
  #isBehind = false;
  #kept: PlacedChunk[] = [];
  #keptCharacters = 0;
  #isPumping = false;
  /** True while nothing may be sent, an error apart. */
  #isHeldBack: boolean;
  #end: { readonly cell: WireCell } | undefined;
  #finish: (error?: unknown) => void = () => {};

  constructor(options: ChatStreamOptions) {
    this.#options = options;
    const { attemptNo, nextEvent, characters } = options.from;
    this.#attemptNo = attemptNo;
    this.#nextEvent = nextEvent;
    this.#hasSent = attemptNo !== undefined;
    this.#isHeldBack = options.isHeldBack === true;
    if (nextEvent > 0 && characters !== undefined)
      this.#last = { offsetCharacters: characters, events: [] };
    this.#writer = new SseWriter(options.reply);
    this.#feed = new ChunkFeed(options.services.bus, options.jobId, (chunk) => this.#hear(chunk));
  }

  /**
   * Resolves once the stream ended. Throws what is to be answered with an HTTP status: nothing was
   * sent then.
   */
  async run(): Promise<void> {
    const { jobId, services, begin } = this.#options;
    const unwatch = services.places.watch(jobId, (place) => this.#tellPlace(place));
    try {
      await new Promise<void>((resolve, reject) => {
        this.#finish = (error) => (error === undefined ? resolve() : reject(error));
        const ended = (cell: WireCell) => {
          this.#end = { cell };
          void this.#pump();
        };
        begin({ ended, left: () => resolve() }).then((attemptNo) => {
          if (this.#isHeldBack) this.#release();
          if (attemptNo !== undefined) this.#catchUp(attemptNo);
        }, reject);
      });
    } catch (caught) {
      this.#fail(AppError.from(caught));
    } finally {
      unwatch();
      this.#feed.close();
      this.#writer.end();
    }
  }

  /** Sends what came meanwhile. */
  #release(): void {
    this.#isHeldBack = false;
    void this.#pump();
  }

  /** Reads what an attempt has sent already. */
  #catchUp(attemptNo: number): void {
    if (!this.#follows(attemptNo)) return;
    this.#isBehind = true;
    void this.#pump();
  }

  /**
   * After the first byte an error is the last event; before it, it is thrown on and answered with
   * its HTTP status.
   */
  #fail(error: AppError): void {
    if (!this.#writer.hasBegun) throw error;
    const { reply } = this.#options;
    const { request } = reply;
    this.#writer.write([JSON.stringify(errorBody(showError(error, request, reply), request))]);
  }

  #hear(chunk: PlacedChunk): void {
    if (!this.#follows(chunk.attemptNo) || this.#isBeyondGap(chunk)) return;
    const isBusy = this.#isPumping || this.#isHeldBack;
    const isNext = !isBusy && chunk.firstEvent === this.#nextEvent;
    if (isNext) {
      if (!this.#send(chunk)) void this.#pump();
      return;
    }
    // What is dropped here is a gap later on, and gaps are filled from the stream.
    if (this.#keptCharacters > keptCharactersMax) return;
    this.#kept.push(chunk);
    for (const event of chunk.events) this.#keptCharacters += event.length;
    void this.#pump();
  }

  /** True for what cannot be sent before a gap is closed, which was tried a moment ago. */
  #isBeyondGap({ firstEvent }: PlacedChunk): boolean {
    const sinceMonoMs = this.#gapSinceMonoMs;
    if (sinceMonoMs === undefined || firstEvent <= this.#nextEvent) return false;
    return performance.now() - sinceMonoMs < gapAgainMs;
  }

  /**
   * True for chunks of the attempt we follow: the newest one, and from the first byte on always the
   * same.
   */
  #follows(attemptNo: number): boolean {
    const isNewer = this.#attemptNo === undefined || attemptNo > this.#attemptNo;
    if (isNewer && !this.#hasSent) {
      this.#attemptNo = attemptNo;
      this.#kept = [];
      this.#keptCharacters = 0;
    }
    return attemptNo === this.#attemptNo;
  }

  /** Sends a chunk's events that were not sent yet; false where the client does not keep up. */
  #send(chunk: PlacedChunk): boolean {
    const skipped = this.#nextEvent - chunk.firstEvent;
    if (skipped >= chunk.events.length) return true;
    if (!this.#isStartTold) this.#tellStart(chunk);
    const events = skipped === 0 ? chunk.events : chunk.events.slice(skipped);
    const first = this.#nextEvent;
    this.#nextEvent += events.length;
    this.#last = chunk;
    this.#gapSinceMonoMs = undefined;
    const { attemptNo, offsetCharacters, characters } = chunk;
    const lastAt = events.length - 1;
    // How many characters the client has by then is known for the last event of a chunk.
    const end = characters === undefined ? undefined : offsetCharacters + characters;
    return this.#writer.write(events, (at) =>
      eventIdOf(attemptNo, first + at, at === lastAt ? end : undefined),
    );
  }

  /** Tells where the answer comes from, in headers or, where they have left, in a comment. */
  #tellStart({ backendId, decisionId, attemptNo }: PlacedChunk): void {
    const { reply, services } = this.#options;
    const outcome: WireOutcome = { backendId, decisionId, attemptNo };
    this.#hasSent = true;
    this.#isStartTold = true;
    if (!this.#writer.hasBegun) tellOutcomeHeaders(reply, { outcome }, services.backends);
    else this.#writer.comment(`started backend=${backendId} attempt=${attemptNo}`);
  }

  /**
   * A client that waits is told where it stands. Its answer has begun with that: what fails from
   * then on is an event.
   */
  #tellPlace(place: Place): void {
    if (this.#hasSent || this.#end || this.#isHeldBack) return;
    if (!this.#writer.hasBegun) {
      const { reply } = this.#options;
      reply.header(positionHeader, String(place.position));
      reply.header(waitHeader, String(place.waitMs));
    }
    this.#writer.comment(queuedComment(place));
  }

  /** Sends what is kept and fills the gaps, at the client's pace; one at a time. */
  async #pump(): Promise<void> {
    if (this.#isPumping || this.#isHeldBack) return;
    this.#isPumping = true;
    try {
      for (;;) {
        if (!(await this.#writer.drained())) return this.#finish();
        const chunk = this.#kept.shift();
        if (chunk) {
          for (const event of chunk.events) this.#keptCharacters -= event.length;
          await this.#sendBehindGap(chunk);
        } else if (this.#isBehind) {
          this.#isBehind = false;
          await this.#fill(Number.POSITIVE_INFINITY);
        } else if (this.#end) {
          await this.#conclude(this.#end.cell);
          return this.#finish();
        } else {
          return;
        }
      }
    } catch (caught) {
      this.#finish(caught);
    } finally {
      this.#isPumping = false;
    }
  }

  /** Sends a chunk after what is missing before it; one that cannot follow is read again later. */
  async #sendBehindGap(chunk: PlacedChunk): Promise<void> {
    if (this.#isBeyondGap(chunk)) return;
    await this.#fill(chunk.firstEvent);
    if (chunk.firstEvent <= this.#nextEvent) this.#send(chunk);
    else this.#gapSinceMonoMs = performance.now();
  }

  /**
   * Sends stored events up to `toEvent`, as far as they can be had: what is not, the outcome
   * completes.
   */
  async #fill(toEvent: number): Promise<void> {
    if (this.#nextEvent >= toEvent || this.#attemptNo === undefined) return;
    const { services, jobId } = this.#options;
    try {
      for await (const chunk of this.#feed.stored(this.#attemptNo, this.#nextEvent, toEvent)) {
        this.#send(chunk);
        if (!(await this.#writer.drained())) return;
      }
    } catch (cause) {
      services.log.warn({ jobId, cause }, 'missed chunks could not be read');
    }
  }

  async #conclude(cell: WireCell): Promise<void> {
    const { outcome } = cell;
    if (!this.#writer.hasBegun)
      tellOutcomeHeaders(this.#options.reply, cell, this.#options.services.backends);
    if (cell.status !== 'succeeded' || !outcome)
      throw modelAware(failureOf(outcome), this.#options.model);
    const attemptNo = outcome.attemptNo ?? 1;
    if (this.#hasSent && attemptNo !== this.#attemptNo) throw interrupted();
    this.#attemptNo = attemptNo;
    const total = outcome.result?.streamEvents ?? 0;
    await this.#fill(total);
    if (this.#nextEvent < total || (total === 0 && !this.#hasSent))
      await this.#completeFromOutcome(cell);
    if (!this.#writer.isOpen) return;
    if (outcome.cost) this.#tellCost(costText(outcome));
    this.#writer.write(['[DONE]']);
  }

  /**
   * What the job is charged, where it is not free: as a comment, and as a last event of its own to
   * a client that asked for usage and so knows events without a choice.
   */
  #tellCost(cost: string): void {
    this.#writer.comment(`x-switchyard-cost: ${cost}`);
    const last = this.#last?.events.at(-1);
    if (!this.#options.includeUsage || last === undefined) return;
    const { id, object, created, model } = JSON.parse(last) as Record<string, unknown>;
    const event = { id, object, created, model, choices: [], switchyard: { cost_usd: cost } };
    this.#writer.write([JSON.stringify(event)]);
  }

  /** The stream's own copy is gone: what is missing is taken from the outcome's text. */
  async #completeFromOutcome(cell: WireCell): Promise<void> {
    const { services, includeUsage, dialect } = this.#options;
    // Of a client that came back by a number alone, nobody knows how much text it has.
    if (this.#nextEvent > 0 && !this.#last) throw interrupted();
    const body = await services.results.body(cell);
    const rest = body && restOfStream({ dialect, body, last: this.#last, includeUsage });
    if (!rest) throw interrupted();
    this.#writer.write(rest);
  }
}

/** What becomes of a stream whose attempt goes on no more. */
export const interrupted = () =>
  new AppError('stream_interrupted', 'the stream broke after its first token was sent');
