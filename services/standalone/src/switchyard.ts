import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, realpath } from 'node:fs/promises';
import { Bus } from '@switchyard/bus';
import { type Config, type ConfigReloads, type Environment, faultSwitch } from '@switchyard/config';
import { buckets, streams, type WireBackend } from '@switchyard/contracts';
import type { Log } from '@switchyard/domain';
import { Metrics, startTracing } from '@switchyard/telemetry';
import { StartError } from './binaries/start-error.js';
import { claimFolder } from './children/folder-claim.js';
import { sweepRegistry } from './leftovers.js';
import { type EmbeddedNats, startEmbeddedNats } from './nats/embedded-nats.js';
import { Stops } from './stops.js';
import { Supply } from './supply.js';

/** A whole Switchyard in this process. */
export type Switchyard = {
  /** Where the API listens, as `http://127.0.0.1:8080`. */
  readonly address: string;
  readonly port: number;
  readonly natsUrl: string;
  /** Absent where NATS_URL names a server. */
  readonly nats: EmbeddedNats | undefined;
  readonly supply: Supply;
  /** The backends in the registry now. */
  readonly registry: () => Promise<readonly WireBackend[]>;
  /** Drains in order: door, router, executors, the rest, the bus, and what was started for them. */
  stop(): Promise<void>;
};

/** What a Switchyard is started from. */
export type SwitchyardOptions = {
  readonly config: Config;
  /** The same, as it changes while it runs. */
  readonly reloads: ConfigReloads;
  readonly env: Environment;
  readonly isDemo: boolean;
  readonly log: Log;
  /** Aborted: the start is given up at its next step, and what was started is stopped. */
  readonly signal: AbortSignal;
};

/**
 * Starts every service in this process on one connection, beside a nats-server of its own unless
 * one is named. Rejects with a StartError or an AppError that says what to mend; nothing is left
 * running then.
 */
export async function startSwitchyard(options: SwitchyardOptions): Promise<Switchyard> {
  const stops = new Stops(options.log);
  try {
    return await startAll(options, stops);
  } catch (caught) {
    await stops.all();
    throw caught;
  }
}

async function startAll(options: SwitchyardOptions, stops: Stops): Promise<Switchyard> {
  const { config, reloads, env, isDemo, log, signal } = options;
  await checkFolder(config.dataDir);
  // Loading the services takes longer than anything else here, so it begins before it is needed.
  const loading = import('./services.js');
  loading.catch(() => {});
  const starting = startNats(config, env, log, stops);
  const supply = new Supply({ config, reloads, env, isDemo, log, folderIsOurs: starting });
  const nats = await starting.catch(async (caught: unknown) => {
    await supply.stop();
    throw caught;
  });
  stops.add('backends', () => supply.stop());
  signal.throwIfAborted();
  const natsUrl = config.nats.url ?? nats?.url ?? '';
  const instanceId = `standalone-${randomUUID().slice(0, 8)}`;
  const [bus, tracing] = await Promise.all([
    connect(natsUrl, instanceId, log),
    startTracing({ service: 'switchyard', instanceId, env }),
  ]);
  stops.add('tracing', () => tracing.stop());
  stops.add('bus', () => bus.drain());
  signal.throwIfAborted();
  const specs = streams({ queueCapacity: config.queue.capacity });
  await bus.provision(Object.values(specs), config.nats.replicas, (said) => log.warn({}, said));
  const metrics = new Metrics();
  metrics.gauge('switchyard_nats_connected', () => [[[], bus.isConnected ? 1 : 0]]);
  const faultPoint = faultSwitch(config);
  const shell = { config, reloads, log, metrics, tracing, bus, instanceId, faultPoint };
  const { startServices } = await loading;
  signal.throwIfAborted();
  const fold = async () => {
    const { startFolding } = await import('./folding-thread/start-folding.js');
    return startFolding(shell, natsUrl);
  };
  const { address, port } = await startServices(shell, supply, stops, fold);
  supply.skipPort(port);
  const stopSweeping = sweepRegistry({ bus, supply, log });
  stops.add('registry', async () => stopSweeping());
  const records = await bus.keyValues<WireBackend>(buckets.backends.name);
  return {
    address,
    port,
    natsUrl,
    nats,
    supply,
    registry: async () => (await records.all()).map(({ value }) => value),
    stop: () => stops.all(),
  };
}

/** Says in words what `mkdir` says in codes. */
async function checkFolder(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.W_OK | constants.X_OK);
  } catch (caught) {
    throw new StartError(
      `The data folder ${dataDir} cannot be written: ${(caught as Error).message}. ` +
        'Choose another with --data-dir or SWITCHYARD_DATA_DIR.',
    );
  }
}

/** The server of the data folder; with a server named elsewhere, only the folder is made ours. */
async function startNats(
  { dataDir, cacheDir, nats }: Config,
  env: Environment,
  log: Log,
  stops: Stops,
): Promise<EmbeddedNats | undefined> {
  if (!nats.url) {
    const options = { dataDir, cacheDir, env, sync: nats.sync, log };
    const embedded = await startEmbeddedNats(options);
    stops.add('nats-server', () => embedded.stop());
    return embedded;
  }
  const claim = await claimFolder(await realpath(dataDir));
  if (claim.kind === 'owned') {
    throw new StartError(
      `A Switchyard (process ${claim.by.pid}) already runs in ${dataDir}. ` +
        'Stop it, or start this one with another --data-dir or SWITCHYARD_DATA_DIR.',
    );
  }
  stops.add('data folder', () => claim.release());
  return undefined;
}

function connect(url: string, name: string, log: Log): Promise<Bus> {
  const onStatus = (isConnected: boolean) => {
    if (isConnected) log.info({}, 'NATS is back');
    else log.warn({}, 'NATS is gone; jobs are refused with 503 until it is back');
  };
  return Bus.connect({ url, name, onStatus });
}
