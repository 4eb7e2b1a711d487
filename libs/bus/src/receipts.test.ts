import { Receipts, unpackReceipt } from './receipts.js';

describe('a packed receipt', () => {
  it.each([
    ['$JS.ACK.JOBS.router-normal.1.42.7.1795249000000000000.99', '$JS.ACK.JOBS.router-normal'],
    [
      '$JS.ACK.hub.Ahash.JOBS.router-low.3.42.9.1795249000000000000.1.tok',
      '$JS.ACK.hub.Ahash.JOBS.router-low',
    ],
  ])('%s names the same delivery', (receipt, head) => {
    const packed = new Receipts().pack(receipt);
    expect(packed.head).toBe(head);
    const again = unpackReceipt(packed, 42).split('.');
    const tokens = receipt.split('.');
    expect(again).toHaveLength(tokens.length);
    const from = head.split('.').length;
    expect(again.slice(0, from + 3)).toEqual(tokens.slice(0, from + 3));
  });

  it('shares the names of its consumer with the others', () => {
    const receipts = new Receipts();
    const [a, b] = [1, 2].map((at) => receipts.pack(`$JS.ACK.JOBS.c.1.${at}.${at}.0.0`));
    expect(a?.head).toBe(b?.head);
  });
});
