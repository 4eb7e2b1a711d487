import { type BackendView, backendsText, notesOf } from './backends.js';
import { newKeyText } from './keys.js';
import { textOfAnswer } from './nats-answer.js';
import { readEvents } from './server-events.js';
import { strategyRows } from './strategies.js';
import { bodyOf } from './submit-nats.js';
import { textOf } from './submit-stream.js';

const backend = (changes: Partial<BackendView> = {}): BackendView => ({
  backend_id: 'ollama',
  kind: 'ollama',
  endpoint: 'http://127.0.0.1:11434',
  enabled: true,
  status: 'healthy',
  breaker: 'closed',
  message: null,
  slots: 4,
  models: ['a', 'b', 'c', 'd', 'e'],
  simulated: false,
  last_resort: false,
  ...changes,
});

it('backends are listed with their slots, jobs and models', () => {
  expect(backendsText([backend()], new Map([['ollama', 2]]))).toBe(
    [
      'BACKEND  KIND    HEALTH   SLOTS  IN FLIGHT  MODELS              NOTES',
      'ollama   ollama  healthy  4      2          a, b, c and 2 more',
    ].join('\n'),
  );
});

it('no backends: says who knows more', () => {
  expect(backendsText([], new Map())).toContain('switchyard doctor');
});

it.each<[Partial<BackendView>, readonly string[]]>([
  [{}, []],
  [{ simulated: true }, ['SIMULATED: its answers are made up']],
  [{ last_resort: true }, ['paid: only for models that no local backend has']],
  [{ enabled: false }, ['disabled']],
  [{ status: 'unhealthy', breaker: 'open', message: 'refused' }, ['breaker open', 'refused']],
])('a backend with %j is noted as %j', (changes, notes) => {
  expect(notesOf(backend(changes))).toEqual(notes);
});

it('every strategy of the registry says what it prefers', () => {
  expect(strategyRows().filter(({ description }) => !description)).toEqual([]);
  expect(strategyRows().map(({ name }) => name)).toContain('score');
});

it('a new key comes with the entries that accept it, and without a second copy', () => {
  const text = newKeyText('sy_secret', { name: 'ci', account: 'build', sha256: 'ab' });
  expect(text.match(/sy_secret/g)).toHaveLength(1);
  expect(text).toContain(
    '  api_keys:\n    - name: "ci"\n      account: "build"\n      sha256: ab\n',
  );
  expect(text).toContain('SWITCHYARD_API_KEYS=ci:build:ab');
});

it.each([
  ['chat', { model: 'm', messages: [{ role: 'user', content: 'p' }] }],
  ['completion', { model: 'm', prompt: 'p' }],
  ['embedding', { model: 'm', input: 'p' }],
] as const)('a %s job has its body', (kind, body) => {
  expect(bodyOf({ kind, model: 'm', prompt: 'p' })).toEqual(body);
});

it.each<[string, object, string]>([
  ['chat', { choices: [{ message: { content: 'Hi' } }] }, 'Hi'],
  ['completion', { choices: [{ text: 'Hi' }] }, 'Hi'],
  ['embedding', { data: [{ embedding: [1, 2] }] }, '[[1,2]]'],
  ['another', { x: 1 }, '{"x":1}'],
])('the text of a %s answer', (_name, body, text) => {
  expect(textOfAnswer(body)).toBe(text);
});

it.each<[object, string]>([
  [{ choices: [{ delta: { content: 'a' } }] }, 'a'],
  [{ choices: [{ delta: { content: null } }] }, ''],
  [{ choices: [{ text: 'b' }] }, 'b'],
  [{ choices: [] }, ''],
])('the text of the chunk %j', (chunk, text) => {
  expect(textOf(chunk)).toBe(text);
});

it('server-sent events are read across cuts, in letters too', async () => {
  const bytes = new TextEncoder().encode(': hello\n\nevent: state\ndata: "日"\n\ndata: x\n\n');
  const cut = 27;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(bytes.slice(0, cut));
      controller.enqueue(bytes.slice(cut));
      controller.close();
    },
  });
  const events = [];
  for await (const event of readEvents(body)) events.push(event);
  expect(events).toEqual([
    { name: 'state', data: '"日"' },
    { name: undefined, data: 'x' },
  ]);
});
