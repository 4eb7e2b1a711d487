import type { JsMsg } from '@nats-io/jetstream';
import { Match } from '@nats-io/nats-core';
import type { ReceiptHandle } from './settle.js';

/** One message as handlers see it. */
export type Delivery = {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Its sequence in the stream. */
  readonly seq: number;
  /** 1 on the first delivery. */
  readonly deliveryCount: number;
  readonly storedAtMs: number;
  readonly receipt: ReceiptHandle;
  /** Whatever the case in which its publisher wrote the name. */
  readonly header: (name: string) => string | undefined;
};

/**
 * A delivery out of nats.js; takes the reply subject apart by hand, which is cheaper than `info`.
 */
export function toDelivery(message: JsMsg): Delivery {
  const { subject, data, reply, headers } = message as JsMsg & { readonly reply: string };
  const parts = reply.split('.');
  // $JS.ACK.<stream>.<consumer>.<delivered>.<streamSeq>.<consumerSeq>.<timestampNs>.<pending>, or
  // with domain and account hash in front of the stream (12 tokens): the last five are the same in
  // both forms.
  const last = parts.length >= 12 ? parts.length - 1 : parts.length;
  return {
    subject,
    data,
    deliveryCount: Number(parts[last - 5]),
    seq: Number(parts[last - 4]),
    storedAtMs: Math.floor(Number(parts[last - 2]) / 1e6),
    receipt: reply,
    header: (name) => headers?.get(name, Match.IgnoreCase) || undefined,
  };
}
