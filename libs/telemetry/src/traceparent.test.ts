import { extractContext, injectContext, traceIdOf } from './traceparent.js';

const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const carrier = (initial: Record<string, string> = {}) => {
  const headers = new Map(Object.entries(initial));
  return {
    headers,
    get: (name: string) => headers.get(name),
    set: (name: string, value: string) => void headers.set(name, value),
    keys: () => headers.keys(),
  };
};

describe('a trace context', () => {
  it.each([
    [good, true],
    [good.replace('00-', 'cc-'), true],
    [`${good.replace('00-', 'cc-')}-more`, true],
    [good.replace('00-', 'ff-'), false],
    [good.toUpperCase(), false],
    [`${good}0`, false],
    [good.replace(/-0af\w+/, `-${'0'.repeat(32)}`), false],
    [good.replace(/-b7a\w+/, `-${'0'.repeat(16)}`), false],
    ['', false],
  ])('%s: %s', (text, expected) => {
    expect(traceIdOf(text) !== undefined).toBe(expected);
  });

  it('has an id', () => expect(traceIdOf(good)).toBe('0af7651916cd43dd8448eb211c80319c'));

  it('goes into a carrier and out of it, however its name is spelled', () => {
    const out = carrier();
    injectContext(out, good);
    expect([...out.headers]).toEqual([['traceparent', good]]);
    expect(extractContext(out)).toBe(good);
    expect(extractContext(carrier({ Traceparent: good }))).toBe(good);
  });

  it('that is none goes nowhere', () => {
    const out = carrier();
    injectContext(out, undefined);
    injectContext(out, 'x\r\nNats-Rollup: all');
    expect(out.headers.size).toBe(0);
    expect(extractContext(carrier({ traceparent: 'x' }))).toBeUndefined();
    expect(extractContext(carrier())).toBeUndefined();
  });
});
