import type { AttemptRequest, JsonObject } from '@switchyard/drivers';
import { requestOf } from './driver-request.js';

const attempt = (
  dialect: AttemptRequest['dialect'],
  body: JsonObject,
  stream = false,
): AttemptRequest => ({
  jobId: 'job-1',
  attemptNo: 1,
  kind: 'chat',
  dialect,
  model: 'llama3',
  body: { model: 'alias', ...body },
  stream,
  timeouts: { firstByteMs: 1, totalMs: 1 },
});
const hello = [{ role: 'user', content: 'hello' }];
const chat = (body: JsonObject) => requestOf(attempt('openai.chat', { messages: hello, ...body }));
const plain = { model: 'llama3', stream: false, messages: hello };
const schema = { type: 'object', properties: { a: { type: 'string' } } };

describe('a chat for Ollama', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['nothing more', {}, {}],
    ['max_tokens', { max_tokens: 5 }, { options: { num_predict: 5 } }],
    [
      'max_completion_tokens, which wins',
      { max_completion_tokens: 7, max_tokens: 5 },
      { options: { num_predict: 7 } },
    ],
    [
      'sampling',
      { temperature: 0, top_p: 0.5, seed: 1 },
      { options: { temperature: 0, top_p: 0.5, seed: 1 } },
    ],
    ['one stop text', { stop: 'END' }, { options: { stop: ['END'] } }],
    ['several stop texts', { stop: ['A', 'B'] }, { options: { stop: ['A', 'B'] } }],
    [
      'penalties',
      { frequency_penalty: 1, presence_penalty: 2 },
      { options: { frequency_penalty: 1, presence_penalty: 2 } },
    ],
    ['null for not set', { temperature: null, stop: null, response_format: null }, {}],
    [
      'own options, which win',
      { max_tokens: 5, options: { num_ctx: 9, num_predict: 6 } },
      { options: { num_predict: 6, num_ctx: 9 } },
    ],
    ['a JSON object', { response_format: { type: 'json_object' } }, { format: 'json' }],
    [
      'a JSON schema',
      { response_format: { type: 'json_schema', json_schema: { schema } } },
      { format: schema },
    ],
    ['plain text', { response_format: { type: 'text' } }, {}],
    [
      'tools',
      { tools: [{ type: 'function' }], tool_choice: 'auto' },
      { tools: [{ type: 'function' }] },
    ],
    ['tools that may not be used', { tools: [{ type: 'function' }], tool_choice: 'none' }, {}],
    ['reasoning', { reasoning_effort: 'low' }, { think: 'low' }],
    ['no reasoning', { reasoning_effort: 'none' }, { think: false }],
    ['Ollama’s own fields', { keep_alive: '5m', think: true }, { keep_alive: '5m', think: true }],
    ['what only OpenAI has', { user: 'u', n: 1, stream_options: {} }, {}],
  ])('with %s', (_title, body, expected) => {
    expect(chat(body)).toEqual({ ...plain, ...expected });
  });

  it('is streamed only where the attempt is', () => {
    expect(requestOf(attempt('openai.chat', { messages: hello }, true)).stream).toBe(true);
    expect(chat({ stream: true }).stream).toBe(false);
  });
});

describe('messages for Ollama', () => {
  const messagesOf = (...messages: JsonObject[]) => chat({ messages }).messages;

  it('joins text parts and takes images from data: URLs', () => {
    const content: JsonObject[] = [
      { type: 'text', text: 'what is' },
      { type: 'text', text: 'this?' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
    ];
    expect(messagesOf({ role: 'user', content })).toEqual([
      { role: 'user', content: 'what is\nthis?', images: ['iVBORw0KGgo='] },
    ]);
  });

  it('gives tool calls their arguments as objects and tool answers the name of their tool', () => {
    const call = {
      id: 'c1',
      type: 'function',
      function: { name: 'weather', arguments: '{"city":"Rome"}' },
    };
    const spoken = messagesOf(
      { role: 'developer', content: 'be brief' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: 'sunny' },
    );
    expect(spoken).toEqual([
      { role: 'system', content: 'be brief' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'c1', function: { name: 'weather', arguments: { city: 'Rome' } } }],
      },
      { role: 'tool', content: 'sunny', tool_call_id: 'c1', tool_name: 'weather' },
    ]);
  });

  const user = (content: JsonObject) => ({ messages: [{ role: 'user', content: [content] }] });
  const toolCall = (fields: JsonObject) => ({
    messages: [{ role: 'assistant', tool_calls: [fields] }],
  });
  it.each<[string, JsonObject]>([
    [
      'messages.0.content.0.image_url',
      user({ type: 'image_url', image_url: { url: 'http://10.0.0.1/x.png' } }),
    ],
    [
      'messages.0.content.0.image_url',
      user({ type: 'image_url', image_url: { url: 'data:text/plain,hi' } }),
    ],
    ['messages.0.content.0.image_url', user({ type: 'image_url' })],
    ['messages.0.content.0', user({ type: 'input_audio', input_audio: {} })],
    [
      'messages.0.tool_calls.0.function.arguments',
      toolCall({ function: { name: 'f', arguments: '{"a"' } }),
    ],
    [
      'messages.0.tool_calls.0.function.arguments',
      toolCall({ function: { name: 'f', arguments: '[1]' } }),
    ],
    ['messages.0.tool_calls.0', toolCall({ id: 'x' })],
    ['messages', { messages: 'hello' }],
    ['messages.0', { messages: ['hello'] }],
    ['messages.0.content', { messages: [{ role: 'user', content: 5 }] }],
    ['n', { n: 2 }],
    ['response_format.json_schema.schema', { response_format: { type: 'json_schema' } }],
  ])('refuses a bad %s by name', (field, body) => {
    expect(() => chat(body)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: expect.stringMatching(`^${field}: `),
      }),
    );
  });
});

describe('other requests for Ollama', () => {
  it('takes a prompt, alone or alone in a list', () => {
    const expected = { model: 'llama3', stream: false, prompt: 'once', raw: true, suffix: 'end' };
    const body = { raw: true, suffix: 'end' };
    expect(requestOf(attempt('openai.completion', { prompt: 'once', ...body }))).toEqual(expected);
    expect(requestOf(attempt('openai.completion', { prompt: ['once'], ...body }))).toEqual(
      expected,
    );
  });

  it('takes texts to embed, never the stream field', () => {
    const body = { input: ['a', 'b'], dimensions: 4, encoding_format: 'base64', user: 'u' };
    expect(requestOf(attempt('openai.embedding', body))).toEqual({
      model: 'llama3',
      input: ['a', 'b'],
      dimensions: 4,
    });
  });

  it.each<[string, AttemptRequest['dialect'], JsonObject]>([
    ['prompt', 'openai.completion', { prompt: ['a', 'b'] }],
    ['prompt', 'openai.completion', { prompt: [1, 2] }],
    ['input', 'openai.embedding', { input: [1, 2] }],
    ['input', 'openai.embedding', {}],
  ])('refuses a bad %s by name', (field, dialect, body) => {
    expect(() => requestOf(attempt(dialect, body))).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: expect.stringMatching(`^${field}: `),
      }),
    );
  });
});
