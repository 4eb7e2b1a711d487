import type { JsonObject } from '@switchyard/drivers';
import fc from 'fast-check';
import { ChunkShape } from './driver-shape.js';

const chunk = (delta: JsonObject, more: JsonObject = {}, choice: JsonObject = {}): JsonObject => ({
  id: 'c1',
  choices: [{ index: 0, delta, finish_reason: null, ...choice }],
  usage: null,
  ...more,
});
const learned = (data: string): ChunkShape => {
  const shape = new ChunkShape();
  shape.learn(data, JSON.parse(data) as JsonObject);
  return shape;
};

describe('ChunkShape', () => {
  it('reads the content of any chunk like the one it learned', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.nat(2),
        (first, next, indent) => {
          const [one, two] = [first, next].map((content) =>
            JSON.stringify(chunk({ content }), null, indent),
          );
          expect(learned(one as string).contentOf(two as string)).toBe(next);
        },
      ),
    );
  });

  it('never reads a text as content that is not a chunk of its shape', () => {
    const shape = learned(JSON.stringify(chunk({ content: 'x' })));
    fc.assert(
      fc.property(fc.string(), (between) => {
        const text = JSON.stringify(chunk({ content: '@' })).replace('"@"', () => between);
        const content = shape.contentOf(text);
        fc.pre(content !== undefined);
        expect(JSON.parse(text)).toEqual(chunk({ content: content as string }));
      }),
    );
  });

  it.each<[string, JsonObject]>([
    ['a role', chunk({ role: 'assistant', content: 'a' })],
    ['a tool call', chunk({ tool_calls: [] })],
    ['a finish reason', chunk({ content: 'a' }, {}, { finish_reason: 'stop' })],
    ['logprobs', chunk({ content: 'a' }, {}, { logprobs: { content: [] } })],
    ['usage', chunk({ content: 'a' }, { usage: { prompt_tokens: 1 } })],
    ['another choice', chunk({ content: 'a' }, {}, { index: 1 })],
    ['no content', chunk({ content: null })],
    ['the same key twice', chunk({ content: 'a' }, { extra: { content: 'a' } })],
    ['no choices', { choices: [] }],
  ])('learns nothing from a chunk with %s', (_title, taught) => {
    const data = JSON.stringify(taught);
    expect(learned(data).contentOf(data)).toBeUndefined();
  });
});
