import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Config,
  type ConfigReloads,
  type Environment,
  foundBackend,
  withTariffs,
} from '@switchyard/config';
import type { Backend, BackendSource, Log } from '@switchyard/domain';
import type { Sighting } from './discovery/found-backends.js';
import { Finder } from './discovery/finder.js';
import type { Place } from './discovery/places.js';
import {
  type EmbeddedEngine,
  type EmbeddedEngineOptions,
  startEmbeddedEngine,
} from './engine/embedded-engine.js';
import { startSimulations } from './simulations.js';

/** Where the backends of this process come from. */
export type SupplyMode = 'configured' | 'found' | 'demo';

/** What became of an engine of our own; `unneeded` where there are other local backends. */
export type EngineState =
  | { readonly kind: 'unneeded' | 'starting' | 'running' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** What a supply is made from. */
export type SupplyOptions = {
  readonly config: Config;
  /** Tells of backends that come and go in the file. */
  readonly reloads?: Pick<ConfigReloads, 'onChange'>;
  readonly env: Environment;
  readonly isDemo: boolean;
  readonly log: Log;
  /** Resolves once the data folder is ours; nothing is started in it before. */
  readonly folderIsOurs: Promise<unknown>;
  /** Where to look. @default the usual places */
  readonly places?: readonly Place[];
  /** @default 15 s */
  readonly lookEveryMs?: number;
  /** @default llama.cpp's server on a tiny model */
  readonly startEngine?: (options: EmbeddedEngineOptions) => Promise<EmbeddedEngine>;
};

const settleGraceMs = 2_000;

/** The id of our own engine; on a shared NATS the machine's name follows it. */
export const engineId = 'embedded';

/**
 * The backends of this process and what was started for them: the configured ones; else what is
 * found on this machine together with the providers whose keys are there. Where nothing local has a
 * model, an engine of our own; failing that, simulations that say so.
 */
export class Supply implements BackendSource {
  readonly mode: SupplyMode;
  /** Follows ids where the NATS is shared, since every machine has its own Ollama. */
  readonly idSuffix: string;
  /** Resolves once it is known what this start has. Never rejects. */
  readonly settled: Promise<void>;
  readonly #options: SupplyOptions;
  readonly #finder: Finder;
  readonly #given = new Map<string, Backend>();
  #tariffs: Config['tariffs'];
  #priced = new WeakMap<Backend, Backend>();
  readonly #listeners = new Set<() => void>();
  readonly #stops: (() => Promise<void>)[] = [];
  #engine: EngineState = { kind: 'unneeded' };
  #isStopped = false;

  constructor(options: SupplyOptions) {
    const { config, isDemo, log } = options;
    this.#options = options;
    this.#tariffs = config.tariffs;
    this.mode = isDemo ? 'demo' : config.backends.length > 0 ? 'configured' : 'found';
    this.idSuffix = config.nats.url ? `-${machineName()}` : '';
    this.#finder = new Finder({
      log,
      idSuffix: this.idSuffix,
      places: options.places,
      lookEveryMs: options.lookEveryMs,
      taken: () => [...this.#given.values()].map(({ endpointUrl }) => endpointUrl),
      onChange: () => this.#tell(),
    });
    const unreload = options.reloads?.onChange((next) => this.#reload(next));
    if (unreload) this.#stops.push(async () => unreload());
    this.settled = this.#gather().catch((cause) => {
      log.error({ err: String(cause) }, 'backends could not be gathered');
    });
  }

  /** What the last look at this machine brought; empty where nothing is looked for. */
  get sightings(): readonly Sighting[] {
    return this.#finder.sightings;
  }

  get engine(): EngineState {
    return this.#engine;
  }

  current(): readonly Backend[] {
    return [...this.#finder.backends, ...this.#given.values()].map((each) => this.#price(each));
  }

  /** What was found is priced by the file as what is written there; the same object each time. */
  #price(backend: Backend): Backend {
    if (backend.tariffs !== undefined || this.#tariffs.length === 0) return backend;
    const priced = this.#priced.get(backend) ?? withTariffs(backend, this.#tariffs);
    this.#priced.set(backend, priced);
    return priced;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Never asks this port: it is our own door. */
  skipPort(port: number): void {
    this.#finder.skip(port);
  }

  /**
   * Stops looking, and what was started. An engine that is still being fetched is not waited for.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#finder.stop();
    const waiting = new AbortController();
    const grace = delay(settleGraceMs, undefined, { signal: waiting.signal });
    await Promise.race([this.settled, grace]);
    waiting.abort();
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
  }

  async #gather(): Promise<void> {
    const { config } = this.#options;
    if (this.mode === 'demo') return this.#simulate();
    if (this.mode === 'configured') return this.#give(config.backends);
    this.#give(config.keyBackends);
    const sightings = await this.#finder.look();
    if (this.#isStopped) return;
    this.#finder.start();
    const hasModels = sightings.some(
      ({ found }) => found.kind === 'server' && found.modelCount > 0,
    );
    if (!hasModels) await this.#startEngine();
  }

  /** Takes over what the file says now; a demo has no backends of it. */
  #reload({ backends, tariffs }: Config): void {
    if (this.#isStopped) return;
    this.#tariffs = tariffs;
    this.#priced = new WeakMap();
    if (this.mode === 'demo') return this.#tell();
    for (const { id, origin } of this.#given.values()) {
      if (origin === 'configured') this.#given.delete(id);
    }
    this.#give(backends);
  }

  async #startEngine(): Promise<void> {
    const { config, env, log, folderIsOurs } = this.#options;
    this.#engine = { kind: 'starting' };
    const isOurs = await folderIsOurs.then(
      () => true,
      () => false,
    );
    if (!isOurs || this.#isStopped) return;
    const startEngine = this.#options.startEngine ?? startEmbeddedEngine;
    const { dataDir, cacheDir } = config;
    const engine = await startEngine({ dataDir, cacheDir, searchPath: env.PATH, log });
    if (engine.kind === 'unavailable') {
      this.#engine = engine;
      log.warn({ reason: engine.reason }, 'no engine of our own; simulated backends instead');
      return this.#simulate();
    }
    if (this.#isStopped) return engine.stop();
    this.#engine = { kind: 'running' };
    this.#stops.push(() => engine.stop());
    this.#give([engineBackend(engine, this.idSuffix)]);
  }

  async #simulate(): Promise<void> {
    if (this.#isStopped) return;
    const simulations = await startSimulations(this.idSuffix);
    this.#stops.push(() => simulations.stop());
    this.#give(simulations.backends);
  }

  #give(backends: readonly Backend[]): void {
    for (const backend of backends) this.#given.set(backend.id, backend);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

const engineBackend = ({ url }: EmbeddedEngine & { kind: 'started' }, idSuffix: string): Backend =>
  foundBackend({
    id: `${engineId}${idSuffix}`,
    kind: 'openai-compatible',
    endpointUrl: `${url}/v1`,
    origin: 'discovered',
    // Behind every real one, should their models ever have the same name.
    priority: 5,
  });

/** This machine's name as part of an id. */
const machineName = (): string =>
  hostname()
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .slice(0, 24);
