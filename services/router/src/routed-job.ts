import { type PackedReceipt, unpackReceipt } from '@switchyard/bus';
import type { PriorityClass } from '@switchyard/domain';
import type { WaitingJob } from '@switchyard/jobs';
import type { RoutingJob, Strategy } from '@switchyard/routing';
import type { BodyReading } from './readings.js';
import type { Stamp } from './stamps.js';

/** Where a waiting job's message is. `express`: in no stream; its dispatch is stored first. */
export type Origin = {
  readonly stream: 'JOBS' | 'RETRIES' | 'express';
  readonly seq: number;
};

/** What a waiting job has of its own; everything else is in its stamp. */
export type OwnFacts = {
  readonly id: string;
  readonly seq: number;
  readonly origin: Origin;
  readonly receipt: PackedReceipt | undefined;
  readonly submittedAtMs: number;
  readonly deadlineAtMs: number;
  readonly notBeforeMs: number;
  readonly waitUntilMs: number;
  readonly estimatedInputTokens: number;
  readonly maxOutputTokens: number;
  readonly traceparent: string | undefined;
  readonly reading: BodyReading | undefined;
};

/** What most waiting jobs have nothing of. */
type Rare = Pick<OwnFacts, 'deadlineAtMs' | 'traceparent' | 'reading'>;

/**
 * A job in the waiting room: routing fields only, its body stays in the stream. 100,000 of them
 * wait at once, so that what many share stands in one stamp, what few have stands apart, what can
 * be made again is, and an instant is kept as a small number where it can be.
 */
export class RoutedJob implements WaitingJob {
  readonly id: string;
  readonly stamp: Stamp;
  readonly seq: number;
  readonly submittedAtMs: number;
  /** Before this it is in no line; Unix ms. */
  notBeforeMs: number;
  readonly #rare: Rare | undefined;
  readonly stream: Origin['stream'];
  readonly #originSeq: number;
  readonly #estimatedInputTokens: number;
  readonly #maxOutputTokens: number;
  #receiptHead: string;
  #deliveryCount: number;
  #consumerSeq: number;
  #waitMs: number;
  /** True once `queued` was told. */
  isTold = false;

  constructor(stamp: Stamp, own: OwnFacts) {
    this.id = own.id;
    this.stamp = stamp;
    this.seq = own.seq;
    this.submittedAtMs = own.submittedAtMs;
    this.notBeforeMs = own.notBeforeMs;
    this.#rare = rareOf(own);
    this.stream = own.origin.stream;
    this.#originSeq = own.origin.seq;
    this.#estimatedInputTokens = own.estimatedInputTokens;
    this.#maxOutputTokens = own.maxOutputTokens;
    this.#receiptHead = own.receipt?.head ?? '';
    this.#deliveryCount = own.receipt?.deliveryCount ?? 0;
    this.#consumerSeq = own.receipt?.consumerSeq ?? 0;
    this.#waitMs = own.waitUntilMs - own.submittedAtMs;
  }

  get deadlineAtMs(): number {
    return this.#rare?.deadlineAtMs ?? Number.POSITIVE_INFINITY;
  }

  get traceparent(): string | undefined {
    return this.#rare?.traceparent;
  }

  get reading(): BodyReading | undefined {
    return this.#rare?.reading;
  }

  /** The instant at which waiting ends with an outcome; Unix ms. */
  get waitUntilMs(): number {
    return this.submittedAtMs + this.#waitMs;
  }

  set waitUntilMs(waitUntilMs: number) {
    this.#waitMs = waitUntilMs - this.submittedAtMs;
  }

  get account(): string {
    return this.stamp.account;
  }

  get priority(): number {
    return this.stamp.priority;
  }

  get priorityClass(): PriorityClass {
    return this.stamp.priorityClass;
  }

  get group(): string {
    return this.stamp.group;
  }

  get strategy(): Strategy {
    return this.stamp.strategy;
  }

  get kind(): RoutingJob['kind'] {
    return this.stamp.kind;
  }

  get attemptNo(): number {
    return this.stamp.attemptNo;
  }

  get origin(): Origin {
    return { stream: this.stream, seq: this.#originSeq };
  }

  /** Where its delivery is settled. */
  get receipt(): string {
    const packed = {
      head: this.#receiptHead,
      deliveryCount: this.#deliveryCount,
      consumerSeq: this.#consumerSeq,
    };
    return unpackReceipt(packed, this.#originSeq);
  }

  /** The same message was handed out again: its receipt is the newer one. */
  redelivered(receipt: PackedReceipt): void {
    this.#receiptHead = receipt.head;
    this.#deliveryCount = receipt.deliveryCount;
    this.#consumerSeq = receipt.consumerSeq;
  }

  /** In and out, as far as is known before. */
  get estimatedTokens(): number {
    return this.#estimatedInputTokens + this.#maxOutputTokens;
  }

  /** The job as a decision reads it. */
  get routing(): RoutingJob {
    const { kind, model, account, priority, preferences, tags } = this.stamp;
    const { excludedBackendIds, triedTransient, attemptNo, isStreamed } = this.stamp;
    const { lastFailureAtMs } = this.stamp;
    return {
      id: this.id,
      kind,
      model,
      account,
      priority,
      estimatedInputTokens: this.#estimatedInputTokens,
      maxOutputTokens: this.#maxOutputTokens,
      ...(this.deadlineAtMs === Number.POSITIVE_INFINITY
        ? {}
        : { deadlineAtMs: this.deadlineAtMs }),
      preferences,
      tags,
      excludedBackendIds,
      triedTransient,
      ...(lastFailureAtMs === undefined ? {} : { lastFailureAtMs }),
      attemptNo,
      isStreamed,
    };
  }
}

function rareOf({ deadlineAtMs, traceparent, reading }: OwnFacts): Rare | undefined {
  const isPlain = deadlineAtMs === Number.POSITIVE_INFINITY && !traceparent && !reading;
  return isPlain ? undefined : { deadlineAtMs, traceparent, reading };
}
