import { type Delivery, hold, Receipts, retryAfter, type Settlement } from '@switchyard/bus';
import { encode, parseJobSubject, readJob, subjects } from '@switchyard/contracts';
import { AppError, isToken } from '@switchyard/domain';
import { findServedStrategy } from '@switchyard/routing';
import type { BodyCache } from './body-cache.js';
import type { RouterContext } from './context.js';
import { giveUp } from './giving-up.js';
import type { RoutedJob } from './routed-job.js';
import type { Stamps } from './stamps.js';
import { type ReadBody, toRoutedJob } from './to-routed-job.js';

/** As much of an unreadable message as its dead letter keeps, in bytes. */
const keptBytesMax = 64 * 1024;

/** What the intake needs of the waiting room. */
type Room = {
  readonly admit: (job: RoutedJob) => void;
  readonly find: (jobId: string) => RoutedJob | undefined;
  readonly withdraw: (jobId: string) => void;
  readonly read: ReadBody;
  /** A backend said that it takes nothing before an instant. */
  readonly coolDown: (backendId: string, untilMs: number) => void;
};

/**
 * The NATS door: turns messages of JOBS and RETRIES into waiting jobs. What is no job gets a
 * `rejected` event, a dead letter and, under the id its publisher can derive, a failed outcome.
 */
export class Intake {
  readonly #context: RouterContext;
  readonly #bodies: BodyCache;
  readonly #room: Room;
  readonly #stamps: Stamps;
  readonly #receipts = new Receipts();
  #jobsCreatedAtMs = 0;

  constructor(context: RouterContext, bodies: BodyCache, stamps: Stamps, room: Room) {
    this.#stamps = stamps;
    this.#context = context;
    this.#bodies = bodies;
    this.#room = room;
  }

  /** Reads what ids are derived from: the stream's own creation time never changes. */
  async start(): Promise<void> {
    this.#jobsCreatedAtMs = (await this.#context.bus.streamState('JOBS')).createdAtMs;
  }

  /** Takes one message in. Every message is held until its job is dispatched or ended. */
  take(stream: 'JOBS' | 'RETRIES', delivery: Delivery): Promise<Settlement> | Settlement {
    try {
      const job = readJob({
        subject: delivery.subject,
        data: delivery.data,
        contentType: delivery.header('content-type'),
        derivedId: this.#derivedId(delivery.seq),
        storedAtMs: delivery.storedAtMs,
      });
      if (job.strategy) requireStrategy(job.strategy);
      const { parkedBackend, parkedUntilMs } = job.retry ?? {};
      if (parkedBackend && stream === 'RETRIES')
        this.#room.coolDown(parkedBackend, parkedUntilMs ?? 0);
      const known = this.#room.find(job.id);
      const attemptNo = job.retry?.attemptNo ?? 1;
      if (known && attemptNo <= known.attemptNo) return this.#again(known, stream, delivery);
      // Its dispatch was stored although we do not know it, and has failed: the retry counts.
      if (known) this.#room.withdraw(job.id);
      const { defaults, now } = this.#context;
      const arrival = {
        origin: { stream, seq: delivery.seq },
        receipt: this.#receipts.pack(delivery.receipt),
        nowMs: now(),
        traceparent: delivery.header('traceparent'),
      };
      const routed = toRoutedJob(job, arrival, this.#stamps, defaults, this.#room.read);
      this.#bodies.keep(routed, encode(job));
      this.#room.admit(routed);
      return hold;
    } catch (caught) {
      return this.#reject(delivery, AppError.from(caught));
    }
  }

  /**
   * The same message again: its receipt is the newer one. Another message of a waiting job:
   * superfluous.
   */
  #again(known: RoutedJob, stream: string, delivery: Delivery): Settlement {
    const { origin } = known;
    if (origin.stream === stream && origin.seq === delivery.seq) {
      known.redelivered(this.#receipts.pack(delivery.receipt));
      return hold;
    }
    return { kind: 'done' };
  }

  async #reject(delivery: Delivery, error: AppError): Promise<Settlement> {
    const { bus, log, now } = this.#context;
    const parts = parseJobSubject(delivery.subject);
    const jobId = ownId(delivery) ?? this.#derivedId(delivery.seq);
    const failure = { code: error.code, message: error.message };
    const event = {
      jobId,
      account: parts?.account,
      event: 'rejected',
      atMs: now(),
      kind: parts?.kind,
      failure,
    };
    log.warn(
      { jobId, seq: delivery.seq, code: error.code },
      'a message on the NATS door is no job',
    );
    const raw = Buffer.from(delivery.data.subarray(0, keptBytesMax)).toString('base64');
    const letter = encode({
      ...event,
      event: undefined,
      kind: undefined,
      raw,
      subject: delivery.subject,
    });
    try {
      await bus.publish(subjects.dead(jobId), letter, { messageId: subjects.dead(jobId) });
      const identity = {
        id: jobId,
        account: parts?.account,
        kind: parts?.kind,
        submittedAtMs: delivery.storedAtMs,
      };
      await giveUp(this.#context, {
        job: identity,
        status: 'failed',
        code: error.code,
        message: error.message,
      });
      bus.tell(subjects.jobEvent('rejected'), event);
      return { kind: 'done' };
    } catch (caught) {
      log.warn(
        { jobId, err: AppError.from(caught).message },
        'a rejection could not be stored yet',
      );
      return retryAfter(1_000);
    }
  }

  /** The id of a submission that brought none; its publisher knows both parts. */
  #derivedId(seq: number): string {
    return `r${this.#jobsCreatedAtMs.toString(36)}-${seq.toString(36)}`;
  }
}

/** The id an unreadable job still names, where it is one. */
function ownId(delivery: Delivery): string | undefined {
  try {
    const { id } = JSON.parse(Buffer.from(delivery.data).toString('utf8')) as { id?: unknown };
    return isToken(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

function requireStrategy(name: string): void {
  const found = findServedStrategy(name);
  if (!('unknown' in found)) return;
  const problem = `strategy: "${name}" is not served; served are ${found.known.join(', ')}`;
  throw new AppError('invalid_request', problem);
}
