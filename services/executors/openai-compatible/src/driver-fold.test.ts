import type { JsonObject } from '@switchyard/drivers';
import { ChunkFold } from './driver-fold.js';

const fold = (form: 'chat' | 'completion', chunks: readonly JsonObject[]) => {
  const whole = new ChunkFold(form);
  const gains = chunks.map((chunk) => whole.add(chunk));
  return { whole, gains };
};
const delta = (fields: JsonObject, finish_reason: string | null = null, index = 0): JsonObject => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index, delta: fields, finish_reason }],
});

describe('ChunkFold', () => {
  it('puts a chat together', () => {
    const { whole, gains } = fold('chat', [
      delta({ role: 'assistant', content: '' }),
      delta({ reasoning_content: 'hm' }),
      delta({ content: 'one ' }),
      delta({ content: 'two' }),
      delta({}, 'stop'),
      { id: 'c1', choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } },
    ]);
    expect(whole.body()).toEqual({
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'one two', reasoning_content: 'hm' },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    });
    expect(gains.map((gain) => [gain.characters, gain.hasContent])).toEqual([
      [0, false],
      [0, true],
      [4, true],
      [3, true],
      [0, false],
      [0, false],
    ]);
  });

  it('puts tool calls together by their index', () => {
    const call = (index: number, fields: JsonObject) =>
      delta({ tool_calls: [{ index, ...fields }] });
    const { whole } = fold('chat', [
      call(0, { id: 'a', type: 'function', function: { name: 'first', arguments: '' } }),
      call(0, { function: { arguments: '{"x"' } }),
      call(1, { id: 'b', type: 'function', function: { name: 'second', arguments: '{}' } }),
      call(0, { id: '', function: { name: '', arguments: ':1}' } }),
      delta({}, 'tool_calls'),
    ]);
    expect(whole.body().choices).toEqual([
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'first', arguments: '{"x":1}' } },
            { id: 'b', type: 'function', function: { name: 'second', arguments: '{}' } },
          ],
        },
        finish_reason: 'tool_calls',
      },
    ]);
  });

  it('is not led astray by an index out of bounds', () => {
    const { whole } = fold('chat', [
      delta({
        tool_calls: [
          { index: 4e9, id: 'a' },
          { index: -1, id: 'b' },
        ],
      }),
    ]);
    const [choice] = whole.body().choices as { message: { tool_calls: unknown[] } }[];
    expect(choice?.message.tool_calls).toEqual([{ id: 'a' }, { id: 'b' }]);
  });

  it('keeps several choices apart and in order', () => {
    const { whole } = fold('chat', [
      delta({ content: 'b' }, null, 1),
      delta({ content: 'a' }, null, 0),
      delta({}, 'stop', 1),
    ]);
    expect(whole.isComplete).toBe(false);
    whole.add(delta({}, 'length', 0));
    expect(whole.isComplete).toBe(true);
    const choices = whole.body().choices as { index: number; finish_reason: string }[];
    expect(choices.map(({ index, finish_reason }) => [index, finish_reason])).toEqual([
      [0, 'length'],
      [1, 'stop'],
    ]);
  });

  it('puts a completion and its logprobs together', () => {
    const text = (piece: string, logprob: number): JsonObject => ({
      choices: [
        {
          index: 0,
          text: piece,
          logprobs: { tokens: [piece], token_logprobs: [logprob] },
          finish_reason: null,
        },
      ],
    });
    const { whole } = fold('completion', [text('a', -1), text('b', -2)]);
    expect(whole.body()).toEqual({
      object: 'text_completion',
      choices: [
        {
          index: 0,
          text: 'ab',
          logprobs: { tokens: ['a', 'b'], token_logprobs: [-1, -2] },
          finish_reason: null,
        },
      ],
    });
  });

  it('takes chunks without choices, and choices that are none', () => {
    const { whole, gains } = fold('chat', [
      { id: 'x' },
      { choices: [null, 'no', {}] },
      { choices: 'no' },
    ]);
    expect(gains.every((gain) => !gain.hasContent)).toBe(true);
    expect(whole.isComplete).toBe(false);
  });
});
