import { randomUUID } from 'node:crypto';
import { Bus } from '@switchyard/bus';
import { type Config, type Environment, faultSwitch } from '@switchyard/config';
import { streams } from '@switchyard/contracts';
import type { Log } from '@switchyard/domain';
import { createGateway } from '@switchyard/service-gateway';
import { startHealthMonitor } from '@switchyard/service-health-monitor';
import { startExecutor as startOllama } from '@switchyard/service-executor-ollama';
import { startExecutor as startOpenAiCompatible } from '@switchyard/service-executor-openai-compatible';
import { startRouter } from '@switchyard/service-router';
import { startTaskTracker } from '@switchyard/service-task-tracker';
import { gatewayMetrics, Metrics, startTracing } from '@switchyard/telemetry';
import { gatherBackends, type Supply } from './backends.js';
import { findFreePort } from './children/free-port.js';
import { type EmbeddedNats, startEmbeddedNats } from './nats/embedded-nats.js';

/** A whole Switchyard in this process. */
export type Switchyard = {
  readonly apiUrl: string;
  readonly natsUrl: string;
  readonly nats: EmbeddedNats | undefined;
  readonly portNote: string | undefined;
  readonly supply: Supply;
  readonly bus: Bus;
  /** Drains in order: doors, router, executors, the rest, the bus, and what was started for them. */
  stop(): Promise<void>;
};

export type SwitchyardOptions = {
  readonly config: Config;
  readonly env: Environment;
  readonly isDemo: boolean;
  readonly log: Log;
};

/** Starts every service in this process on one connection, beside a nats-server of its own unless one is named. */
export async function startSwitchyard({ config, env, isDemo, log }: SwitchyardOptions): Promise<Switchyard> {
  const { dataDir, cacheDir, queue } = config;
  const instanceId = `standalone-${randomUUID().slice(0, 8)}`;
  const nats = config.nats.url
    ? undefined
    : await startEmbeddedNats({ dataDir, cacheDir, searchPath: env.PATH, sync: config.nats.sync, log });
  const natsUrl = config.nats.url ?? nats?.url ?? '';
  const stops: (() => Promise<unknown>)[] = nats ? [() => nats.stop()] : [];
  try {
    const metrics = new Metrics();
    const tracing = await startTracing({ service: 'switchyard', instanceId, env });
    stops.unshift(() => tracing.stop());
    const onStatus = (isConnected: boolean) =>
      log.warn({ isConnected }, isConnected ? 'NATS is back' : 'NATS is gone, jobs are refused until it is back');
    const [bus, supply] = await Promise.all([
      Bus.connect({ url: natsUrl, name: instanceId, onStatus }),
      gatherBackends({ config, env, isDemo, log }),
    ]);
    stops.unshift(() => supply.stop());
    stops.unshift(() => bus.drain());
    await bus.provision(Object.values(streams({ queueCapacity: queue.capacity })), config.nats.replicas);
    metrics.gauge('switchyard_nats_connected', () => [[[], bus.isConnected ? 1 : 0]]);
    const shell = { config, log, metrics, tracing, bus, instanceId, faultPoint: faultSwitch(config) };
    const [monitor, tracker] = await Promise.all([startHealthMonitor(shell), startTaskTracker(shell)]);
    stops.unshift(() => Promise.all([monitor.stop(), tracker.stop()]));
    const source = supply.finder;
    const executors = await Promise.all([
      startOpenAiCompatible({ ...shell, source }),
      startOllama({ ...shell, source }),
    ]);
    stops.unshift(() => Promise.all(executors.map((executor) => executor.stop())));
    const router = await startRouter(shell);
    stops.unshift(() => router.stop());
    const gateway = await createGateway({
      ...shell,
      metrics: gatewayMetrics(metrics),
      now: Date.now,
    });
    stops.unshift(() => gateway.close());
    const { host, port } = config.gateway;
    const free = port.isSet ? port.value : await findFreePort(port.value);
    await gateway.listen(host, free);
    const portNote = free === port.value ? undefined : `port ${port.value} is taken, so this is ${free}`;
    return { apiUrl: gateway.address, natsUrl, nats, portNote, supply, bus, stop: () => stopAll(stops, log) };
  } catch (caught) {
    await stopAll(stops, log);
    throw caught;
  }
}

/** Stops one part after the other; a part that fails to stop does not keep the others. */
async function stopAll(stops: (() => Promise<unknown>)[], log: Log): Promise<void> {
  for (const stop of stops.splice(0)) {
    await stop().catch((cause) => log.warn({ err: String(cause) }, 'a part did not stop in order'));
  }
}
