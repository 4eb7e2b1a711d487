import { type Bus, readInstallation, ServerClock } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import { dispatchAckWaitMs } from '@switchyard/contracts';
import type { Backend, BackendKind, BackendSource, Log, ReachFaultPoint } from '@switchyard/domain';
import type { BackendDriver } from '@switchyard/drivers';
import { executorMetrics, type Metrics, type Tracing } from '@switchyard/telemetry';
import { Executor } from './executor.js';
import { RegisteredBackends } from './registered-backends.js';

/** What an executor is made from, alone or beside others. */
export type ExecutorDeps = {
  readonly bus: Bus;
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly instanceId: string;
  readonly faultPoint: ReachFaultPoint;
  readonly source: BackendSource;
};

/** How long a stopping executor waits for running attempts before it hands them on. */
const drainGraceMs = 25_000;

/** Starts the executor of one backend kind with the settings of a configuration. */
export async function startExecutorOf(
  kind: BackendKind,
  { config, metrics, instanceId, source, ...rest }: ExecutorDeps,
  makeDriver: (backend: Backend) => BackendDriver,
): Promise<Executor> {
  const installation = await readInstallation(rest.bus);
  const { allowedNetworks } = config;
  const { bus, log } = rest;
  const clock = new ServerClock({ bus, log, wallMs: Date.now });
  const executor = new Executor({
    ...rest,
    source: await RegisteredBackends.follow({ bus, log, source, allowedNetworks }),
    service: `executor-${kind}`,
    // One process may run executors of several kinds; each is an instance of its own.
    executorId: instanceId.startsWith('executor-') ? instanceId : `${instanceId}-${kind}`,
    kind,
    makeDriver,
    drainGraceMs,
    metrics: executorMetrics(metrics),
    retry: { attemptsMax: config.queue.retryAttempts, delaysMs: config.queue.retryDelaysMs },
    ackWaitMs: dispatchAckWaitMs,
    installationId: installation.id,
    now: () => clock.nowMs(),
    lookAtClock: () => clock.look(),
  });
  await executor.start();
  return executor;
}
