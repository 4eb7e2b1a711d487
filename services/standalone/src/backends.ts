import { type Config, type Environment, foundBackend } from '@switchyard/config';
import type { Backend, Log } from '@switchyard/domain';
import { BackendFinder, type Sighting } from './discovery/finder.js';
import type { EmbeddedEngine } from './engine/embedded-engine.js';

/** The backends of this process, where they come from, and what was started for them. */
export type Supply = {
  readonly finder: BackendFinder;
  readonly sightings: readonly Sighting[] | undefined;
  readonly engineNote: string | undefined;
  stop(): Promise<void>;
};

export type SupplyOptions = {
  readonly config: Config;
  readonly env: Environment;
  readonly isDemo: boolean;
  readonly log: Log;
};

/**
 * Gathers backends: the configured ones; else what is found on this machine, with the providers whose keys are there;
 * where nothing local is found, an engine of our own; and failing that, simulations that say so.
 */
export async function gatherBackends({ config, env, isDemo, log }: SupplyOptions): Promise<Supply> {
  const finder = new BackendFinder(log);
  const nothingToStop = async () => finder.stop();
  if (isDemo) {
    const stop = await startSimulations(finder);
    return { finder, sightings: undefined, engineNote: undefined, stop };
  }
  if (config.backends.length > 0) {
    finder.give(config.backends);
    return { finder, sightings: undefined, engineNote: undefined, stop: nothingToStop };
  }
  const sightings = await finder.look();
  finder.give(config.keyBackends);
  finder.start();
  if (finder.current().some((backend) => backend.class === 'local')) {
    return { finder, sightings, engineNote: undefined, stop: nothingToStop };
  }
  const engine = await startEngine(config, env, log);
  if (engine.kind === 'started') {
    finder.give([engineBackend(engine.url)]);
    const stop = () => nothingToStop().then(() => engine.stop());
    return { finder, sightings, engineNote: undefined, stop };
  }
  const stopSimulations = await startSimulations(finder);
  return { finder, sightings, engineNote: engine.reason, stop: () => nothingToStop().then(stopSimulations) };
}

async function startEngine(config: Config, env: Environment, log: Log): Promise<EmbeddedEngine> {
  const { startEmbeddedEngine } = await import('./engine/embedded-engine.js');
  return startEmbeddedEngine({ dataDir: config.dataDir, cacheDir: config.cacheDir, searchPath: env.PATH, log });
}

const engineBackend = (url: string): Backend =>
  foundBackend({ id: 'embedded', kind: 'openai-compatible', endpointUrl: `${url}/v1`, origin: 'discovered', priority: 5 });

/** Starts one simulated server of each protocol and adds them, labelled. */
async function startSimulations(finder: BackendFinder): Promise<() => Promise<void>> {
  const { startFakeOllama, startFakeOpenAi } = await import('@switchyard/testing/fakes');
  const pace = { firstTokenDelayMs: 200, tokensPerSecond: 60 };
  const openai = await startFakeOpenAi({ models: ['simulated-small', 'simulated-embed'], ...pace });
  const ollama = await startFakeOllama({ models: ['simulated-small', 'simulated-large'], ...pace });
  const facts = { origin: 'discovered', simulated: true, tags: ['simulated'] } as const;
  finder.give([
    foundBackend({ id: 'simulated-openai', kind: 'openai-compatible', endpointUrl: `${openai.url}/v1`, ...facts }),
    foundBackend({ id: 'simulated-ollama', kind: 'ollama', endpointUrl: ollama.url, priority: 2, ...facts }),
  ]);
  return async () => {
    await Promise.all([openai.stop(), ollama.stop()]);
  };
}
