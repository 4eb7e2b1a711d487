import type { Bus } from '@switchyard/bus';
import type { Config, ConfigReloads } from '@switchyard/config';
import type { BackendSource, Log, ReachFaultPoint } from '@switchyard/domain';
import { startExecutor as startOllama } from '@switchyard/service-executor-ollama';
import { startExecutor as startOpenAiCompatible } from '@switchyard/service-executor-openai-compatible';
import { startCostLedger } from '@switchyard/service-cost-ledger';
import { createGateway, type Gateway, portFor } from '@switchyard/service-gateway';
import { startHealthMonitor } from '@switchyard/service-health-monitor';
import { startNotifier } from '@switchyard/service-notifier';
import { startRouter } from '@switchyard/service-router';
import { startTaskTracker } from '@switchyard/service-task-tracker';
import { gatewayMetrics, type Metrics, type Tracing } from '@switchyard/telemetry';
import { StartError } from './binaries/start-error.js';
import type { Stops } from './stops.js';

/** What every service of this process is given. */
export type Shell = {
  readonly config: Config;
  /** Tells of changes of the configuration while it runs. */
  readonly reloads?: ConfigReloads;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly bus: Bus;
  readonly instanceId: string;
  readonly faultPoint: ReachFaultPoint;
};

/**
 * Starts every service on one bus and opens the door last. What has to be stopped is added to
 * `stops` as it starts, so that a stop goes the other way round: no new requests, then no new
 * dispatches, then running attempts to their end. `startFolding`: where task-tracker and
 * cost-ledger run, in this thread if not said otherwise.
 */
export async function startServices(
  shell: Shell,
  source: BackendSource,
  stops: Stops,
  startFolding: () => Promise<{ stop(): Promise<void> }> = () => startFoldingHere(shell),
): Promise<{ readonly address: string; readonly port: number }> {
  const { bus, metrics: counts } = shell;
  bus.onStrange(() => counts.count('switchyard_strange_messages_total', ['hint', 'malformed']));
  const observers = await Promise.all([startHealthMonitor(shell), startFolding()]);
  stops.add('observers', () => Promise.all(observers.map((observer) => observer.stop())));
  const notifier = await startNotifier(shell);
  stops.add('notifier', () => notifier.stop());
  for (const note of shell.config.notes) shell.log.warn({}, note);
  const deps = { ...shell, source };
  const executors = await Promise.all([startOpenAiCompatible(deps), startOllama(deps)]);
  stops.add('executors', () => Promise.all(executors.map((executor) => executor.stop())));
  const router = await startRouter({ ...shell, heralds: executors });
  stops.add('router', () => router.stop());
  for (const executor of executors) executor.beat();
  const metrics = gatewayMetrics(shell.metrics);
  const gateway = await createGateway({
    ...shell,
    metrics,
    now: Date.now,
    express: router.express,
  });
  stops.add('gateway', () => gateway.close());
  const port = await listen(gateway, shell.config.gateway);
  return { address: gateway.address, port };
}

async function startFoldingHere(shell: Shell): Promise<{ stop(): Promise<void> }> {
  const folding = await Promise.all([startTaskTracker(shell), startCostLedger(shell)]);
  return { stop: async () => void (await Promise.all(folding.map((service) => service.stop()))) };
}

async function listen(gateway: Gateway, { host, port }: Config['gateway']): Promise<number> {
  const chosen = await portFor(host, port);
  try {
    await gateway.listen(host, chosen);
    return chosen;
  } catch (caught) {
    const { code } = caught as NodeJS.ErrnoException;
    const remedy = remedies[code ?? ''];
    if (remedy === undefined) throw caught;
    throw new StartError(`The API cannot listen on ${host}:${chosen}: ${remedy}`);
  }
}

/** What to do about an address that cannot be listened on. */
const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another program has that port. Stop it, choose another with --port or ' +
    'SWITCHYARD_HTTP_PORT, or set none: then the next free one is taken.',
  EACCES: 'this user may not. Ports below 1024 belong to root; choose a higher one with --port.',
  EADDRNOTAVAIL: 'this machine does not have that address. Choose another with --host.',
  ENOTFOUND: 'there is no such host. Choose another with --host.',
};
