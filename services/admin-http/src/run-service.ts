import { randomUUID } from 'node:crypto';
import { Bus } from '@switchyard/bus';
import {
  type Config,
  ConfigError,
  ConfigReloads,
  faultSwitch,
  findApiKey,
  loadConfig,
  type LoadOptions,
  processEnv,
  reloadOnSignal,
} from '@switchyard/config';
import { streams } from '@switchyard/contracts';
import { AppError, type Log, type ReachFaultPoint } from '@switchyard/domain';
import { createLogger, Metrics, startTracing, type Tracing } from '@switchyard/telemetry';
import { startAdminHttp } from './admin.js';
import type { NodeFacts } from './node-api.js';

/** What a service gets from its shell. */
export type Shell = {
  readonly config: Config;
  /** Tells of changes of the file; they come with SIGHUP. */
  readonly reloads: ConfigReloads;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly bus: Bus;
  readonly instanceId: string;
  readonly faultPoint: ReachFaultPoint;
};

/** A service that runs. */
export type Running = {
  /** Stops in order: takes no more, finishes or gives back what it has. */
  stop(): Promise<void>;
  /** What must be up beside the bus for the service to be ready. */
  readonly checks?: Readonly<Record<string, () => true | string>>;
  /** True for the gateway, which serves /health itself. */
  readonly hasOwnHealth?: boolean;
  /** For an executor: what it says of itself at its own port. */
  readonly node?: NodeFacts;
};

/** Exit code for a configuration that cannot be used (sysexits EX_CONFIG). */
const badConfigExit = 78;
const defaultNatsUrl = 'nats://127.0.0.1:4222';

/**
 * Runs one service as this process, against the NATS server of NATS_URL, until SIGTERM or SIGINT.
 */
export async function runService(
  service: string,
  start: (shell: Shell) => Promise<Running>,
): Promise<void> {
  const options = { env: processEnv(), cwd: process.cwd() };
  const config = configOrExit(options);
  const reloads = new ConfigReloads(config, options);
  const instanceId = `${service}-${randomUUID().slice(0, 8)}`;
  const log = createLogger({ ...config.log, service, instanceId });
  try {
    const metrics = new Metrics();
    const tracing = await startTracing({ service, instanceId, env: processEnv() });
    const bus = await connect(config, instanceId, log);
    bus.onStrange(() => metrics.count('switchyard_strange_messages_total', ['hint', 'malformed']));
    metrics.gauge('switchyard_nats_connected', () => [[[], bus.isConnected ? 1 : 0]]);
    const shell = {
      config,
      reloads,
      log,
      metrics,
      tracing,
      bus,
      instanceId,
      faultPoint: faultSwitch(config),
    };
    const running = await start(shell);
    let isStopping = false;
    const admin = running.hasOwnHealth
      ? undefined
      : await startAdminHttp({
          host: config.gateway.host,
          port: config.adminPort,
          metrics: () => metrics.text(),
          ...nodeOf(running, instanceId, bus, reloads),
          checks: {
            nats: () => bus.isConnected || 'the connection to NATS is down',
            consumers: () => bus.isHealthy || 'a consumer is gone',
            service: () => !isStopping || 'stopping',
            ...running.checks,
          },
        });
    reloadOnSignal(reloads, log);
    log.info({ admin: admin?.url }, 'ready');
    onSignal(async () => {
      isStopping = true;
      await running.stop();
      await bus.drain();
      await tracing.stop();
      await admin?.close();
      log.info({}, 'stopped');
    });
  } catch (caught) {
    log.error({ err: AppError.from(caught).message }, 'the service could not start');
    process.exit(1);
  }
}

/** The API of an executor, for the keys of the gateway. */
function nodeOf({ node }: Running, nodeId: string, bus: Bus, reloads: ConfigReloads) {
  if (!node) return {};
  const accountOf = (key: string | undefined): string | undefined => {
    const { apiKeys } = reloads.current;
    if (apiKeys.length === 0) return 'default';
    return key === undefined ? undefined : findApiKey(apiKeys, key)?.account;
  };
  const uptimeMs = () => performance.now();
  return { node: { bus, node, nodeId, accountOf, uptimeMs, now: Date.now } };
}

/** The bus with its streams, buckets and object store. */
async function connect(config: Config, instanceId: string, log: Log): Promise<Bus> {
  const bus = await Bus.connect({
    url: config.nats.url ?? defaultNatsUrl,
    name: instanceId,
    onStatus: (isConnected) =>
      log.warn({ isConnected }, isConnected ? 'NATS is back' : 'NATS is gone'),
  });
  const specs = streams({ queueCapacity: config.queue.capacity });
  await bus.provision(Object.values(specs), config.nats.replicas, (said) => log.warn({}, said));
  return bus;
}

function configOrExit(options: LoadOptions): Config {
  try {
    return loadConfig(options);
  } catch (caught) {
    if (!(caught instanceof ConfigError)) throw caught;
    process.stderr.write(`${caught.message}\n`);
    process.exit(badConfigExit);
  }
}

/** Drains on the first signal, leaves at once on the second. */
function onSignal(drain: () => Promise<void>): void {
  let isStopping = false;
  const stop = () => {
    if (isStopping) process.exit(130);
    isStopping = true;
    drain().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
