import { type Bus, ServerClock } from '@switchyard/bus';
import type { Config, ConfigReloads } from '@switchyard/config';
import type { DispatchHerald } from '@switchyard/contracts';
import type { Log, ReachFaultPoint } from '@switchyard/domain';
import { noPreferences, type Preferences } from '@switchyard/routing';
import { type Metrics, routerMetrics, type Tracing } from '@switchyard/telemetry';
import { Router } from './router.js';

/** What a router is made from, alone or beside others. */
export type RouterDeps = {
  readonly bus: Bus;
  readonly config: Config;
  /** The same, as it changes while it runs. */
  readonly reloads?: Pick<ConfigReloads, 'current'>;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly instanceId: string;
  readonly faultPoint: ReachFaultPoint;
  /** Executors of the same process, where there are any. */
  readonly heralds?: readonly DispatchHerald[];
};

/** The breaker as its gauge shows it. */
const breakerValues = { closed: 0, halfOpen: 1, open: 2 } as const;

/** Starts a router with the settings of a configuration. */
export async function startRouter(deps: RouterDeps): Promise<Router> {
  const { config, reloads = { current: config }, metrics, heralds = [], ...rest } = deps;
  const clock = new ServerClock({ bus: rest.bus, log: rest.log, wallMs: Date.now });
  const router = new Router({
    ...rest,
    heralds,
    metrics: routerMetrics(metrics),
    queueCapacity: config.queue.capacity,
    trialsMax: config.breaker.trialsMax,
    shareOf: (account) => reloads.current.accounts[account],
    budgets: config.budgets,
    prefixCache: config.prefixCache,
    now: () => clock.nowMs(),
    lookAtClock: () => clock.look(),
    defaults: {
      strategyFor: (kind) => config.poolStrategies[kind] ?? config.strategy,
      preferences: preferencesOf(config),
      maxWaitMs: config.queue.maxWaitMs,
      retryDelayMsMax: Math.max(0, ...config.queue.retryDelaysMs),
    },
  });
  metrics.gauge('switchyard_waiting_jobs', () => [[[], router.waitingJobs]]);
  metrics.gauge('switchyard_in_flight', () =>
    router.backends.map(({ id, inFlight }) => [[id], inFlight] as const),
  );
  metrics.gauge('lb_circuit_breaker_state', () =>
    router.backends.map(({ id, breaker }) => [[id], breakerValues[breaker]] as const),
  );
  await router.start();
  return router;
}

/**
 * The operator's preferences; the shared empty ones where nothing is set, which keeps waiting jobs
 * small.
 */
function preferencesOf({ preferences }: Config): Preferences {
  const isDefault = Object.entries(noPreferences).every(
    ([name, value]) => preferences[name as keyof Preferences] === value,
  );
  return isDefault ? noPreferences : preferences;
}
