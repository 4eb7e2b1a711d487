import { afterLook, type Known, missesMax, type Sighting } from './found-backends.js';
import type { Found } from './identify.js';
import type { Place } from './places.js';
import type { Server } from './reading.js';

const ollamaPlace: Place = { software: 'ollama', name: 'Ollama', port: 11_434 };
const vllmPlace: Place = { software: 'vllm', name: 'vLLM', port: 8_000 };
const rules = { taken: new Set<string>(), idSuffix: '' };
const nobody: ReadonlyMap<number, Known> = new Map();

const found = (changes: Partial<Server> = {}): Found => ({
  kind: 'server',
  modelCount: 1,
  server: { software: 'ollama', kind: 'ollama', isSimulated: false, ...changes },
});
const openAi = (software: Server['software'], isSimulated = false) =>
  found({ software, kind: 'openai-compatible', isSimulated });
const nothing: Found = { kind: 'nothing' };
const at = (place: Place, what: Found): Sighting => ({ place, found: what });
const ids = (known: ReadonlyMap<number, Known>) =>
  [...known.values()].map(({ backend }) => backend.id);

describe('after a look', () => {
  it.each([
    ['its name', at(ollamaPlace, found()), 'ollama', 'http://127.0.0.1:11434'],
    ['name and port elsewhere', at(vllmPlace, found()), 'ollama-8000', 'http://127.0.0.1:8000'],
    ['its own path', at(vllmPlace, openAi('vllm')), 'vllm', 'http://127.0.0.1:8000/v1'],
    ['a label', at(vllmPlace, openAi('vllm', true)), 'vllm-simulated', 'http://127.0.0.1:8000/v1'],
    [
      'what it is, not what is usual there',
      at(vllmPlace, openAi('llama-cpp')),
      'llama-cpp-8000',
      'http://127.0.0.1:8000/v1',
    ],
  ])('a server has %s', (_name, sighting, id, endpointUrl) => {
    const [backend] = afterLook(nobody, [sighting], rules).added;
    expect(backend).toMatchObject({ id, endpointUrl, origin: 'discovered', lastResort: false });
  });

  it('simulations are labelled', () => {
    const [backend] = afterLook(nobody, [at(vllmPlace, openAi('vllm', true))], rules).added;
    expect(backend).toMatchObject({ simulated: true, tags: ['simulated'] });
  });

  it('ids carry the machine where NATS is shared', () => {
    const shared = { ...rules, idSuffix: '-gpu1' };
    expect(ids(afterLook(nobody, [at(ollamaPlace, found())], shared).known)).toEqual([
      'ollama-gpu1',
    ]);
  });

  it.each([
    ['nothing', nothing],
    ['a Switchyard', { kind: 'switchyard' } as const],
    ['a stranger', { kind: 'stranger', status: 404 } as const],
  ])('%s is no backend', (_name, what) => {
    const after = afterLook(nobody, [at(ollamaPlace, what)], rules);
    expect(after).toEqual({ known: new Map(), added: [], removed: [] });
  });

  it('a server that somebody has already is not taken', () => {
    const taken = new Set(['http://127.0.0.1:8000/v1']);
    const after = afterLook(nobody, [at(vllmPlace, openAi('llama-cpp'))], { ...rules, taken });
    expect(ids(after.known)).toEqual([]);
  });

  it('a server seen again is the same object, so that nothing is made anew', () => {
    const first = afterLook(nobody, [at(ollamaPlace, found())], rules);
    const second = afterLook(first.known, [at(ollamaPlace, found())], rules);
    expect(second).toMatchObject({ added: [], removed: [] });
    expect(second.known.get(11_434)?.backend).toBe(first.known.get(11_434)?.backend);
  });

  it('another server at its port takes its place', () => {
    const first = afterLook(nobody, [at(vllmPlace, openAi('vllm'))], rules);
    const second = afterLook(first.known, [at(vllmPlace, openAi('llama-cpp'))], rules);
    expect(second.added.map(({ id }) => id)).toEqual(['llama-cpp-8000']);
    expect(second.removed.map(({ id }) => id)).toEqual(['vllm']);
    expect(ids(second.known)).toEqual(['llama-cpp-8000']);
  });

  it(`a server that is away is kept until ${missesMax} looks in a row missed it`, () => {
    let now = afterLook(nobody, [at(ollamaPlace, found())], rules);
    for (let miss = 1; miss < missesMax; miss += 1) {
      now = afterLook(now.known, [at(ollamaPlace, nothing)], rules);
      expect(ids(now.known)).toEqual(['ollama']);
    }
    now = afterLook(now.known, [at(ollamaPlace, nothing)], rules);
    expect(now).toMatchObject({ known: new Map(), removed: [{ id: 'ollama' }] });
  });

  it('a server that is back begins to be missed anew', () => {
    let now = afterLook(nobody, [at(ollamaPlace, found())], rules);
    now = afterLook(now.known, [at(ollamaPlace, nothing)], rules);
    now = afterLook(now.known, [at(ollamaPlace, found())], rules);
    expect(now.known.get(11_434)?.misses).toBe(0);
  });

  it('a place that was not looked at keeps what is known of it', () => {
    const first = afterLook(nobody, [at(ollamaPlace, found())], rules);
    expect(afterLook(first.known, [], rules).known).toEqual(first.known);
  });
});
