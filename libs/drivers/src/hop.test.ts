import { formatHop, parseHop } from './hop.js';

describe('the hop header', () => {
  it('reads back what it writes', () => {
    const hop = { hops: 3, instance: 'gateway-1_a' };
    expect(parseHop(formatHop(hop))).toEqual(hop);
  });

  it.each([undefined, '', '3', ';a', '3;', '-1;a', '1000;a', '1;a b', '1;a\r\nx: y', '1;a;b'])(
    'takes no %j',
    (value) => {
      expect(parseHop(value)).toBeUndefined();
    },
  );
});
