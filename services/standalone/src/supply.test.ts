import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Config, foundBackend, loadConfig } from '@switchyard/config';
import { silentLog } from '@switchyard/domain';
import { type FakeBackend, startFakeOllama } from '@switchyard/testing/fakes';
import type { EmbeddedEngine } from './engine/embedded-engine.js';
import { Supply, type SupplyOptions } from './supply.js';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const configOf = (env: Readonly<Record<string, string>> = {}) =>
  loadConfig({ env, cwd: '/', readFile: () => '' });
const unused = () => Promise.reject(new Error('no engine was to be started'));

/** An engine that only says that it runs. */
const engineAt =
  (url: string, told: string[] = []) =>
  async (): Promise<EmbeddedEngine> => {
    told.push('started');
    const stop = async () => void told.push('stopped');
    return { kind: 'started', url, model: 'tiny', pid: 1, stop };
  };

function open(changes: Partial<SupplyOptions> = {}): Supply {
  const supply = new Supply({
    config: configOf(),
    env: {},
    isDemo: false,
    log: silentLog,
    folderIsOurs: Promise.resolve(),
    places: [],
    startEngine: unused,
    ...changes,
  });
  stops.push(() => supply.stop());
  return supply;
}

async function ollama(models: readonly string[]): Promise<FakeBackend> {
  const fake = await startFakeOllama({ models });
  stops.push(() => fake.stop());
  return fake;
}

const placeAt = (port: number) => ({ software: 'ollama', name: 'Ollama', port }) as const;
const ids = (supply: Supply) => supply.current().map(({ id }) => id);

describe('the supply of backends', () => {
  it('is what the settings name, and nothing else', async () => {
    const backend = foundBackend({
      id: 'gpu',
      kind: 'ollama',
      endpointUrl: 'http://gpu:11434',
      origin: 'configured',
    });
    const { port } = await ollama(['a']);
    const config = { ...configOf({ OPENAI_API_KEY: 'k' }), backends: [backend] };
    const supply = open({ config, places: [placeAt(port)] });
    await supply.settled;
    expect(supply.current()).toEqual([backend]);
    expect(supply.sightings).toEqual([]);
    expect(supply.mode).toBe('configured');
  });

  it('is what was found, without an engine of our own', async () => {
    const { port } = await ollama(['a']);
    const supply = open({ places: [placeAt(port)] });
    await supply.settled;
    expect(ids(supply)).toEqual(['ollama-simulated']);
    expect(supply.engine).toEqual({ kind: 'unneeded' });
  });

  it('has an engine of our own where nothing found has a model', async () => {
    const { port } = await ollama([]);
    const supply = open({ places: [placeAt(port)], startEngine: engineAt('http://127.0.0.1:9') });
    await supply.settled;
    expect(ids(supply)).toEqual(['ollama-simulated', 'embedded']);
    expect(supply.engine).toEqual({ kind: 'running' });
  });

  it('has paid providers only beside an engine, and last', async () => {
    const config = configOf({ OPENAI_API_KEY: 'k' });
    const supply = open({ config, startEngine: engineAt('http://127.0.0.1:9') });
    await supply.settled;
    expect(supply.current().map(({ id, lastResort }) => [id, lastResort])).toEqual([
      ['openai', true],
      ['embedded', false],
    ]);
  });

  it('is simulated where there is no engine either, and says why', async () => {
    const reason = 'no network';
    const supply = open({ startEngine: async () => ({ kind: 'unavailable', reason }) });
    await supply.settled;
    expect(supply.engine).toEqual({ kind: 'unavailable', reason });
    expect(supply.current().map(({ simulated, tags }) => [simulated, tags])).toEqual(
      Array.from({ length: 3 }, () => [true, ['simulated']]),
    );
  });

  it('is simulated in a demo, whatever else there is', async () => {
    const { port } = await ollama(['a']);
    const config = configOf({ OPENAI_API_KEY: 'k' });
    const supply = open({ isDemo: true, config, places: [placeAt(port)] });
    await supply.settled;
    expect(ids(supply)).toEqual(['simulated-quick', 'simulated-slow', 'simulated-shaky']);
  });

  it('prices what it found as the file says, now and after a change of it', async () => {
    const { port } = await ollama(['a']);
    const entry = (perJobUsdMicros: number, ...backends: string[]) => ({
      backends,
      tariff: { models: ['a'], source: 'file', origin: 'operator', tariff: { perJobUsdMicros } },
    });
    const config = (...tariffs: object[]) => ({ ...configOf(), tariffs }) as unknown as Config;
    let reload = (_next: Config) => {};
    const onChange = (listener: typeof reload) => {
      reload = listener;
      return () => {};
    };
    const supply = open({
      config: config(entry(5), entry(6, 'another')),
      places: [placeAt(port)],
      reloads: { onChange },
    });
    await supply.settled;
    const amounts = () =>
      supply.current().map(({ tariffs }) => tariffs?.map(({ tariff }) => tariff.perJobUsdMicros));
    expect(amounts()).toEqual([[5]]);
    expect(supply.current()[0]).toBe(supply.current()[0]);
    reload(config(entry(7, 'ollama-simulated')));
    expect(amounts()).toEqual([[7]]);
  });

  it('starts nothing in a folder that is not ours', async () => {
    const told: string[] = [];
    const supply = open({
      folderIsOurs: Promise.reject(new Error('another runs here')),
      startEngine: engineAt('http://127.0.0.1:9', told),
    });
    await supply.settled;
    expect(told).toEqual([]);
    expect(supply.current()).toEqual([]);
  });

  it('tells of what is found later', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const options = { places: [placeAt(port)], lookEveryMs: 20 };
    const supply = open({ ...options, startEngine: engineAt('http://127.0.0.1:9') });
    await supply.settled;
    const changed = new Promise<void>((resolve) => supply.onChange(resolve));
    const fake = await startFakeOllama({ models: ['a'], port });
    stops.push(() => fake.stop());
    await changed;
    expect(ids(supply)).toEqual(['ollama-simulated', 'embedded']);
  });

  it('carries the machine in its ids where NATS is shared', async () => {
    const config = configOf({ NATS_URL: 'nats://elsewhere' });
    const supply = open({ config, startEngine: engineAt('http://127.0.0.1:9') });
    await supply.settled;
    expect(ids(supply)).toEqual([expect.stringMatching(/^embedded-[A-Za-z0-9_-]+$/)]);
  });

  it('stops the engine that it started', async () => {
    const told: string[] = [];
    const supply = open({ startEngine: engineAt('http://127.0.0.1:9', told) });
    await supply.settled;
    await supply.stop();
    expect(told).toEqual(['started', 'stopped']);
  });

  it('stops an engine that was started while we were stopping', async () => {
    const told: string[] = [];
    let owned: () => void = () => {};
    const folderIsOurs = new Promise<void>((resolve) => {
      owned = resolve;
    });
    const start = engineAt('http://127.0.0.1:9', told);
    const supply = open({
      folderIsOurs,
      startEngine: async () => {
        const engine = await start();
        void supply.stop();
        return engine;
      },
    });
    owned();
    await supply.settled;
    expect(told).toEqual(['started', 'stopped']);
    expect(supply.current()).toEqual([]);
  });
});

describe('a file that is read again', () => {
  const fileOf = (...names: readonly string[]) => {
    const backends = names.map(
      (id) => `${id}: { backend_type: ollama, endpoint_url: http://${id} }`,
    );
    const text = names.length > 0 ? `backend_instances: { ${backends.join(', ')} }` : '';
    return loadConfig({ env: {}, cwd: '/', readFile: () => text });
  };

  it('brings backends and takes them away', async () => {
    let reload: (config: ReturnType<typeof fileOf>) => void = () => {};
    const reloads = {
      onChange: (listener: typeof reload) => {
        reload = listener;
        return () => {};
      },
    };
    const supply = open({ config: fileOf('a', 'b'), reloads });
    await supply.settled;
    const told: string[] = [];
    supply.onChange(() =>
      told.push(
        supply
          .current()
          .map(({ id }) => id)
          .join(),
      ),
    );
    reload(fileOf('b', 'c'));
    reload(fileOf());
    expect(told).toEqual(['b,c', '']);
  });
});
