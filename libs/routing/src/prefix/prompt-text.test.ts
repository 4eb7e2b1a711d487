import fc from 'fast-check';
import { promptPartsOf } from './prompt-text.js';

const promptTextOf = (body: Readonly<Record<string, unknown>>) => promptPartsOf(body).join('');

const image = { type: 'image_url', image_url: { url: 'http://a/b.png' } };
const circle: Record<string, unknown> = {};
circle['itself'] = circle;

describe('the text of a prompt', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['nothing', {}, ''],
    ['a completion', { prompt: 'once upon' }, 'once upon'],
    ['a list of prompts', { prompt: ['one', 'two'] }, 'onetwo'],
    ['tokens', { prompt: [1, 22] }, '1,22,'],
    ['an embedding', { input: 'text' }, 'text'],
    ['a query', { query: 'why?' }, 'why?'],
    [
      'a chat',
      {
        model: 'm',
        messages: [
          { role: 'system', content: 'be brief' },
          { role: 'user', content: 'hello' },
        ],
      },
      'system\nbe brief\nuser\nhello\n',
    ],
    [
      'parts of content',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'see ' }, image] }] },
      `user\nsee ${JSON.stringify(image)}\n`,
    ],
    [
      'tools first, calls with their message',
      { tools: [1], messages: [{ role: 'assistant', content: null, tool_calls: [2] }] },
      '[1]\nassistant\n{"tool_calls":[2]}\n',
    ],
    ['what is no message', { messages: [null, 7, 'text', []] }, ''],
    ['a message without a role', { messages: [{ content: 'x' }] }, '\nx\n'],
    ['what has no JSON', { messages: [{ role: 'user', content: circle }] }, 'user\n\n'],
  ])('of %s', (_what, body, text) => {
    expect(promptTextOf(body)).toBe(text);
  });

  it('of a longer chat begins with that of the shorter', () => {
    const message = fc.record({
      role: fc.constantFrom('system', 'user', 'assistant'),
      content: fc.oneof(fc.string(), fc.constant([{ type: 'text', text: 'part' }, image])),
    });
    fc.assert(
      fc.property(fc.array(message), fc.array(message), (before, after) => {
        const longer = promptTextOf({ messages: [...before, ...after] });
        expect(longer.startsWith(promptTextOf({ messages: before }))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('of anything is a text', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('messages', 'prompt', 'tools', 'input'), fc.anything()),
        (body) => {
          expect(typeof promptTextOf(body)).toBe('string');
        },
      ),
      { numRuns: 200 },
    );
  });
});
