import type { ReceiptHandle } from './settle.js';

/** A receipt in three small parts, for those who keep 100,000 of them. */
export type PackedReceipt = {
  /** Shared by all deliveries of one consumer. */
  readonly head: string;
  readonly deliveryCount: number;
  readonly consumerSeq: number;
};

/**
 * Packs receipts: of the nine or more tokens of an acknowledgement's subject the server reads the
 * consumer's names and three numbers; time and backlog are told to clients only.
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<streamSeq>.<consumerSeq>.<timeNs>.<backlog>` (ADR-15
 * of NATS); domain and account stand in front of the stream where there are any.
 */
export class Receipts {
  readonly #heads = new Map<string, string>();

  pack(receipt: ReceiptHandle): PackedReceipt {
    const parts = receipt.split('.');
    const last = parts.length >= 12 ? parts.length - 1 : parts.length;
    const head = parts.slice(0, last - 5).join('.');
    const shared = this.#heads.get(head) ?? head;
    if (shared === head) this.#heads.set(head, head);
    return {
      head: shared,
      deliveryCount: Number(parts[last - 5]),
      consumerSeq: Number(parts[last - 3]),
    };
  }
}

/** The receipt again, for the message with this sequence in its stream. */
export const unpackReceipt = (
  { head, deliveryCount, consumerSeq }: PackedReceipt,
  streamSeq: number,
): ReceiptHandle =>
  // Behind domain and account the server expects one token more.
  `${head}.${deliveryCount}.${streamSeq}.${consumerSeq}.0.0${isLong(head) ? '.x' : ''}`;

const isLong = (head: string): boolean => head.split('.').length > 4;
