import { foundBackend, loadConfig } from '@switchyard/config';
import type { WireBackend } from '@switchyard/contracts';
import type { Backend } from '@switchyard/domain';
import { bannerFacts, modelToTry, type StartFacts } from './banner-facts.js';
import { places } from './discovery/places.js';

const backend = (id: string, changes: Partial<Backend> = {}): Backend =>
  foundBackend({
    id,
    kind: 'ollama',
    endpointUrl: 'http://127.0.0.1:11434',
    origin: 'discovered',
    ...changes,
  });

const record = (id: string, ...models: NonNullable<WireBackend['models']>): WireBackend => ({
  id,
  hasCatalogue: true,
  models,
});

const config = loadConfig({ env: { SWITCHYARD_DATA_DIR: '/data' }, cwd: '/', readFile: () => '' });

const start = (changes: Partial<StartFacts> = {}): StartFacts => ({
  config: { ...config, file: undefined },
  address: 'http://127.0.0.1:8080',
  port: 8_080,
  natsUrl: 'nats://127.0.0.1:4222',
  nats: { adopted: false },
  mode: 'found',
  backends: [],
  sightings: [],
  engine: { kind: 'unneeded' },
  records: [],
  readyMs: 1,
  ...changes,
});

const open = 'Open to everyone on this machine. Keys: npx switchyard key new';
const withKey = {
  ...config,
  apiKeys: [{ name: 'a', account: 'a', sha256: '0'.repeat(64) }],
};

describe('the first screen warns', () => {
  it.each<[string, Partial<StartFacts>, RegExp | undefined]>([
    ['of open doors', {}, /^Open to everyone on this machine/],
    ['of nothing where a key is needed', { config: withKey }, undefined],
    ['of a port that was taken', { config: withKey, port: 8_081 }, /^Port 8080 is taken.*8081/],
    [
      'of no port where any was asked for',
      {
        config: { ...withKey, gateway: { ...config.gateway, port: { value: 0, isSet: true } } },
        port: 40_000,
      },
      undefined,
    ],
    [
      'that nothing was looked for',
      { config: withKey, mode: 'configured' },
      /nothing was looked for/,
    ],
    ['that all is simulated', { config: withKey, mode: 'demo' }, /every backend is simulated/],
    ['of an engine on its way', { config: withKey, engine: { kind: 'starting' } }, /being fetched/],
    [
      'of an engine that cannot be had, with its reason',
      { config: withKey, engine: { kind: 'unavailable', reason: 'no network' } },
      /simulated backends: no network/,
    ],
    [
      'of an Ollama without models',
      { config: withKey, backends: [backend('ollama')], records: [record('ollama')] },
      /ollama pull/,
    ],
    [
      'of no Ollama that has not answered yet',
      { config: withKey, backends: [backend('ollama')], records: [{ id: 'ollama' }] },
      undefined,
    ],
  ])('%s', (_name, changes, expected) => {
    const { warnings } = bannerFacts(start(changes));
    expect(warnings.map((warning) => expected?.test(warning))).toEqual(expected ? [true] : []);
  });
});

describe('the first screen shows', () => {
  it('each backend with its models and what is special about it', () => {
    const backends = [
      backend('ollama'),
      backend('embedded', { kind: 'openai-compatible', endpointUrl: 'http://127.0.0.1:9/v1' }),
      backend('simulated-quick', { simulated: true }),
      backend('openai', { lastResort: true, endpointUrl: 'https://api.openai.com/v1' }),
      backend('off', { isEnabled: false, supportedModels: ['set'] }),
    ];
    const records = [
      record('ollama', { id: 'a:latest' }, { id: 'a' }, { id: 'b:latest' }),
      record('embedded'),
    ];
    const shown = bannerFacts(start({ backends, records })).backends;
    expect(shown.map(({ id, address, models, note }) => [id, address, models, note])).toEqual([
      ['ollama', '127.0.0.1:11434', ['a', 'b:latest'], ''],
      ['embedded', '127.0.0.1:9', [], 'our own tiny model: real tokens, no wisdom'],
      ['simulated-quick', '127.0.0.1:11434', undefined, 'SIMULATED: its answers are made up'],
      ['openai', 'api.openai.com', undefined, 'paid: only for models that nothing else has'],
      ['off', '127.0.0.1:11434', ['set'], 'disabled'],
    ]);
  });

  it('where nothing was found, and why', () => {
    const found = [
      { kind: 'nothing' },
      { kind: 'switchyard' },
      { kind: 'stranger', status: 401 },
      { kind: 'stranger', status: 404 },
    ] as const;
    const sightings = places.flatMap((place, at) => {
      const what = found[at];
      return what ? [{ place, found: what }] : [];
    });
    expect(bannerFacts(start({ sightings })).notFound).toEqual([
      'Ollama (11434)',
      'LM Studio (1234: a Switchyard is there)',
      'vLLM (8000: asks for a key)',
      'llama.cpp (8080: no model server we know, HTTP 404)',
    ]);
    expect(bannerFacts(start({ sightings, mode: 'demo' })).notFound).toEqual([]);
  });

  it('an address that can be opened, and no secret', () => {
    const shown = bannerFacts(
      start({
        address: 'http://0.0.0.0:8080',
        natsUrl: 'nats://user:secret@a:4222,nats://token@b:4222',
        nats: undefined,
      }),
    );
    expect(shown).toMatchObject({
      apiUrl: 'http://127.0.0.1:8080',
      natsUrl: 'nats://a:4222,nats://b:4222',
      natsNote: 'named by you',
    });
  });

  it('that a server was found running', () => {
    const { natsNote, warnings } = bannerFacts(start({ nats: { adopted: true } }));
    expect(natsNote).toBe('embedded, kept in /data; found running');
    expect(warnings).toEqual([open]);
  });
});

describe('the model to try', () => {
  const chat = (id: string, isResident = false) => ({ id, kinds: ['chat'], isResident });
  const paid = backend('paid', { lastResort: true });
  const near = backend('near');
  const far = backend('far', { priority: 5 });
  const off = backend('off', { isEnabled: false });

  it.each<[string, readonly Backend[], readonly WireBackend[], string | undefined]>([
    ['is none where there is none', [near], [], undefined],
    ['can chat', [near], [record('near', { id: 'e', kinds: ['embedding'] }, chat('m'))], 'm'],
    ['is free', [paid, far], [record('paid', chat('p')), record('far', chat('m'))], 'm'],
    ['is a paid one where there is no other', [paid], [record('paid', chat('p'))], 'p'],
    ['is loaded', [near, far], [record('near', chat('m'), chat('l', true))], 'l'],
    [
      'is of the best backend',
      [far, near],
      [record('far', chat('f')), record('near', chat('m'))],
      'm',
    ],
    [
      'is of an enabled backend',
      [off, far],
      [record('off', chat('o')), record('far', chat('f'))],
      'f',
    ],
    ['is of a backend of this start', [near], [record('gone', chat('g'))], undefined],
  ])('%s', (_name, backends, records, expected) => {
    const byId = new Map(records.map((each) => [each.id, each]));
    expect(modelToTry(backends, byId)).toBe(expected);
  });
});
