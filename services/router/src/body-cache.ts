import type { Bus } from '@switchyard/bus';
import { encode, readJob } from '@switchyard/contracts';
import { LRUCache } from 'lru-cache';
import type { RoutedJob } from './routed-job.js';

/**
 * Texts of waiting jobs kept in memory, in bytes; the rest is read again from the stream when it is
 * dispatched.
 */
const cachedBytesMax = 4 * 1024 * 1024;

/** Which text of a job is meant: each attempt has one of its own. */
type Attempt = Pick<RoutedJob, 'id' | 'attemptNo'>;

/**
 * The ProtoJSON text of each waiting job: from memory, else from its stream by sequence.
 *
 * A job may be here twice, its submission still being sent while its retry has come: with the
 * other's text each would pass for what it is not.
 */
export class BodyCache {
  readonly #bus: Bus;
  readonly #texts = new LRUCache<string, string>({
    maxSize: cachedBytesMax,
    sizeCalculation: (text) => text.length + 1,
  });

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  keep(job: Attempt, text: string): void {
    this.#texts.set(keyOf(job), text);
  }

  forget(job: Attempt): void {
    this.#texts.delete(keyOf(job));
  }

  /** The text, or undefined where the message is gone: then somebody else has settled the job. */
  async textOf(job: RoutedJob): Promise<string | undefined> {
    return this.#texts.get(keyOf(job)) ?? this.#read(job);
  }

  async #read(job: RoutedJob): Promise<string | undefined> {
    const { stream, seq } = job.origin;
    if (stream === 'express') return undefined;
    const message = await this.#bus.readSeq(stream, seq);
    if (!message) return undefined;
    const { subject, data, contentType } = message;
    return encode(
      readJob({ subject, data, contentType, derivedId: job.id, storedAtMs: job.submittedAtMs }),
    );
  }
}

/** No id has a space in it. */
const keyOf = ({ id, attemptNo }: Attempt): string => (attemptNo === 1 ? id : `${id} ${attemptNo}`);
