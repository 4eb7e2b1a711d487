import { WholeBody } from './body-sinks.js';
import { freeBuffers } from './free-buffers.js';

/** A read from the network: memory of its own. */
const read = (bytes: number, fill = ' ') => Buffer.from(new ArrayBuffer(bytes)).fill(fill);

describe('a whole body', () => {
  it('gives back what it kept once it is too long, but for the read under way', () => {
    const whole = new WholeBody(3_000_000);
    const reads = Array.from({ length: 3 }, () => read(1_000_000));
    for (const each of reads) whole.write(each);
    expect(() => whole.write(read(1))).toThrow('longer than 3000000 bytes');
    expect(reads.map(({ length }) => length)).toEqual([0, 0, 1_000_000]);
  });

  const begun = (text: string) => () => {
    const whole = new WholeBody(100, { isObject: true });
    for (const character of text) whole.write(Buffer.from(character));
  };

  it.each(['<html>', '\n\t [1]'])('is refused where it begins with %j', (text) => {
    expect(begun(text)).toThrow('did not answer with a JSON object');
  });

  it('may begin with blanks before its object', () => {
    expect(begun(' \r\n\t{"a":1}')).not.toThrow();
  });

  it('shares no memory with what is given back', () => {
    const pooled = Array.from({ length: 200_000 }, () => Buffer.from('pooled'));
    freeBuffers(pooled);
    expect(Buffer.from('still here').toString()).toBe('still here');
    expect(pooled[0]?.toString()).toBe('pooled');
  });
});
