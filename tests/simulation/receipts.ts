import type { ConsumerSpec } from '@switchyard/contracts';
import type { Kept } from './kept.js';

/**
 * What stands in
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<streamSeq>.<consumerSeq>.<timeNs>.<backlog>`.
 */
export const partsOf = (receipt: string) => {
  const [, , , name = '', , seq] = receipt.split('.');
  return { name, seq: Number(seq) };
};

/** Where a delivery is settled. */
export const receiptOf = ({ stream, name }: ConsumerSpec, { seq }: Kept, deliveryCount: number) =>
  `$JS.ACK.${stream}.${name}.${deliveryCount}.${seq}.${seq}.0.0`;
