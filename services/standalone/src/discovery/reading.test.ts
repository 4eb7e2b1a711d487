import { type Answer, countModels, readModels, readVersion } from './reading.js';

const answer = (body: unknown, changes: Partial<Answer> = {}): Answer => ({
  status: 200,
  isSwitchyard: false,
  isSimulated: false,
  body,
  ...changes,
});
const owned = (owner: unknown) => answer({ object: 'list', data: [{ id: 'm', owned_by: owner }] });

describe('a list of models', () => {
  it.each([
    ['llama.cpp', owned('llamacpp'), 'llama-cpp'],
    ['vLLM', owned('vllm'), 'vllm'],
    ['SGLang', owned('sglang'), 'sglang'],
    ['LM Studio', owned('organization_owner'), 'lm-studio'],
    ['an owner nobody knows', owned('acme'), 'openai-compatible'],
    ['an owner named like a property of objects', owned('constructor'), 'openai-compatible'],
    ['no owner', owned(undefined), 'openai-compatible'],
    ['no models yet', answer({ data: [] }), 'openai-compatible'],
    ['an odd model', answer({ data: [null] }), 'openai-compatible'],
  ])('of %s', (_name, given, software) => {
    const server = { software, kind: 'openai-compatible', isSimulated: false };
    expect(readModels(given)).toEqual(server);
  });

  it.each([
    ['an error', answer({ data: [] }, { status: 401 })],
    ['another shape', answer({ models: [] })],
    ['a list alone', answer([])],
    ['no JSON', answer(undefined)],
    ['null', answer(null)],
    ['a text as data', answer({ data: 'x' })],
  ])('is not %s', (_name, given) => {
    expect(readModels(given)).toBeUndefined();
  });
});

describe('a version', () => {
  it('is Ollama’s', () => {
    const ollama = { software: 'ollama', kind: 'ollama', isSimulated: true };
    expect(readVersion(answer({ version: '0.12.6' }, { isSimulated: true }))).toEqual(ollama);
  });

  it.each([
    ['an error', answer({ version: '1' }, { status: 404 })],
    ['a number', answer({ version: 1 })],
    ['a page', answer(undefined)],
  ])('is not %s', (_name, given) => {
    expect(readVersion(given)).toBeUndefined();
  });
});

describe('models', () => {
  it.each([
    [answer({ data: [1, 2] }), 2],
    [answer({ models: [1] }), 1],
    [answer({ models: null }), 0],
    [answer('x'), 0],
    [undefined, 0],
  ])('are counted in either list', (given, count) => {
    expect(countModels(given)).toBe(count);
  });
});
