import { encode, subjects, type WireChunk } from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import type { DriverEvents } from '@switchyard/drivers';
import type { Attempt } from './attempt.js';
import type { ExecutorContext } from './context.js';
import { SentChunks } from './sent-chunks.js';
import { writeSurely } from './sure-write.js';

/**
 * A chunk message stays below this; NATS takes 1 MiB. An event above it reaches the client from the
 * outcome.
 */
const chunkCharactersMax = 200_000;

/**
 * Sends the events of a streamed attempt to whoever listens.
 * - Nothing leaves before something the model made is there: until then the attempt may still fail
 *   over silently.
 * - The cell says `streamed` before the first chunk leaves.
 */
export class ChunkSender {
  readonly #context: ExecutorContext;
  readonly #attempt: Attempt;
  #sent: SentChunks | undefined;
  #heldBack: string[] = [];

  constructor(context: ExecutorContext, attempt: Attempt) {
    this.#context = context;
    this.#attempt = attempt;
  }

  async send({ events, characters, hasContent }: DriverEvents): Promise<void> {
    if (!this.#attempt.cell.streamed && !hasContent) {
      this.#heldBack.push(...events);
      return;
    }
    if (!this.#attempt.cell.streamed) {
      this.#tellFirstToken();
      await this.#markStreamed();
    }
    this.#emit(this.#heldBack.length > 0 ? [...this.#heldBack, ...events] : events, characters);
    this.#heldBack = [];
  }

  /** Sends what was held back of an answer without content. */
  async finish(): Promise<void> {
    if (this.#heldBack.length === 0) return;
    if (!this.#attempt.cell.streamed) await this.#markStreamed();
    this.#emit(this.#heldBack, 0);
    this.#heldBack = [];
  }

  /** Only where the router asked: it counts the prompts that a backend has still to read. */
  #tellFirstToken(): void {
    const { dispatch, cell, held } = this.#attempt;
    if (!dispatch.tellsFirstToken) return;
    this.#context.bus.emitNear(subjects.firstToken(held.backend.id), cell.jobId);
  }

  async #markStreamed(): Promise<void> {
    const attempt = this.#attempt;
    const cell = { ...attempt.cell, streamed: true, updatedAtMs: this.#context.now() };
    const written = await writeSurely(this.#context, cell, attempt.cellSeq);
    if (written.kind === 'written') {
      attempt.wrote(cell, written.seq);
      return;
    }
    const isCancel = written.current?.cell.cancelRequested === true;
    const reason = isCancel
      ? new AppError('cancelled', 'the caller cancelled the job')
      : new AppError('conflict', 'another attempt counts');
    attempt.abort(reason);
    throw reason;
  }

  #open(): SentChunks {
    const { cell, attemptNo } = this.#attempt;
    const sent = new SentChunks(this.#context.bus, subjects.chunks(cell.jobId, attemptNo));
    this.#attempt.sent = sent;
    return sent;
  }

  #emit(events: readonly string[], characters: number): void {
    const attempt = this.#attempt;
    this.#sent ??= this.#open();
    const sent = this.#sent;
    let batch: string[] = [];
    let size = 0;
    const leave = (isLast: boolean) => {
      if (batch.length === 0) return;
      const chunk: WireChunk = {
        firstEvent: attempt.events,
        offsetCharacters: attempt.characters,
        events: batch,
      };
      if (attempt.events === 0) {
        chunk.backendId = attempt.cell.backendId;
        chunk.decisionId = attempt.cell.decisionId;
      }
      // Of a batch that is cut in parts, only the last one's end is known.
      if (isLast) chunk.characters = characters;
      sent.send(encode(chunk));
      attempt.events += batch.length;
      batch = [];
      size = 0;
    };
    for (const event of events) {
      if (size + event.length > chunkCharactersMax) leave(false);
      if (event.length > chunkCharactersMax) attempt.events += 1;
      else batch.push(event);
      size += event.length;
    }
    leave(true);
    attempt.characters += characters;
  }
}
