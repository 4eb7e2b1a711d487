import type { Publisher } from './publisher.js';

/**
 * How a handler wants its delivery settled.
 * - `done`: the work is stored elsewhere; removed, and the removal confirmed.
 * - `retry`: handed out again after `delayMs`.
 * - `discard`: never again; the handler has kept what is worth keeping.
 * - `hold`: the handler keeps the delivery and settles it later through the Settler.
 */
export type Settlement =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'discard'; readonly reason: string }
  | { readonly kind: 'hold' };

/** The settlements by name, for handlers to return. */
export const done: Settlement = { kind: 'done' };
export const hold: Settlement = { kind: 'hold' };
export const retryAfter = (delayMs: number): Settlement => ({ kind: 'retry', delayMs });
export const discard = (reason: string): Settlement => ({ kind: 'discard', reason });

/**
 * The receipt of a delivery: where its settlement is sent. Short, so that a waiting room can keep
 * 100,000 of them.
 */
export type ReceiptHandle = string;

/** The one place where deliveries are acknowledged, renewed, given back or ended. */
export class Settler {
  readonly #publisher: Publisher;

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /**
   * Removes the delivery and waits until the server says so. Throws AppError `unavailable` where
   * that is unknown.
   */
  async confirm(
    receipt: ReceiptHandle,
    options: { readonly isSoon?: boolean } = {},
  ): Promise<void> {
    await this.#publisher.request(receipt, '+ACK', options);
  }

  /**
   * Keeps the delivery ours for another ack wait. No answer comes, even where it is no longer ours.
   */
  renew(receipt: ReceiptHandle): void {
    this.#publisher.emit(receipt, '+WPI');
  }

  /** Hands the delivery back; it is handed out again after `delayMs`. */
  giveBack(receipt: ReceiptHandle, delayMs: number): void {
    this.#publisher.emit(
      receipt,
      delayMs > 0 ? `-NAK {"delay":${Math.round(delayMs * 1e6)}}` : '-NAK',
    );
  }

  /** Ends the delivery for good. */
  end(receipt: ReceiptHandle, reason: string): void {
    this.#publisher.emit(receipt, `+TERM ${reason.replace(/[\r\n]+/g, ' ')}`);
  }

  /** Carries out what a handler decided. */
  async settle(receipt: ReceiptHandle, settlement: Settlement): Promise<void> {
    if (settlement.kind === 'done') await this.confirm(receipt);
    else if (settlement.kind === 'retry') this.giveBack(receipt, settlement.delayMs);
    else if (settlement.kind === 'discard') this.end(receipt, settlement.reason);
  }
}
