import { ServerClock } from '@switchyard/bus';
import type { BudgetsConfig } from '@switchyard/config';
import { decode, subjects } from '@switchyard/contracts';
import { type Backend, fixedBackends, type ReachFaultPoint, silentLog } from '@switchyard/domain';
import { Executor, noMetrics as noExecutorMetrics } from '@switchyard/executor';
import { noPreferences } from '@switchyard/routing';
import { CostLedger } from '@switchyard/service-cost-ledger';
import { HealthMonitor, type HealthMonitorDeps } from '@switchyard/service-health-monitor';
import { type JobDefaults, noMetrics as noRouterMetrics, Router } from '@switchyard/service-router';
import { noTracing } from '@switchyard/telemetry';
import { Orphans } from '../../services/task-tracker/src/orphans.js';
import { testBackend } from '../e2e/yard.js';
import { attemptsMax, longestWaitMs } from './limits.js';
import type { SimBus } from './sim-bus.js';
import { SimDoor } from './sim-door.js';
import type { SimDriver } from './sim-driver.js';

/** What a service of ours is given by the process it runs in. */
export type Place = {
  readonly bus: SimBus;
  readonly instanceId: string;
  /** This machine's clock, Unix ms; it may be wrong. */
  readonly now: () => number;
  readonly faultPoint: ReachFaultPoint;
  /** The process ends, and is started again by whoever runs it. */
  readonly crash: () => void;
};

/** A service that runs. */
type Running = { readonly stop: () => Promise<unknown> };

const retry = { attemptsMax, delaysMs: [1_000, 3_000] };
const defaults: JobDefaults = {
  strategyFor: () => 'score',
  preferences: noPreferences,
  maxWaitMs: longestWaitMs,
  retryDelayMsMax: 3_000,
};
const metrics = { gauge: () => () => {}, declare() {}, count() {} } as never;

/** Backend `a` is ours and free, `b` costs money. */
export const backends: Readonly<Record<'a' | 'b', Backend>> = {
  a: testBackend('a', 'http://sim', { maxConcurrentRequests: 3 }),
  b: testBackend('b', 'http://sim', {
    maxConcurrentRequests: 2,
    class: 'remote',
    tariff: { perRequestUsdMicros: 1_000, perMtokOutputUsdMicros: 2_000_000 },
  }),
};

/** What all paid jobs of a day may cost in all. */
export const budgetsOf = (limitUsdMicros: number): BudgetsConfig => ({
  mode: 'strict',
  list: [
    {
      scope: { kind: 'global', id: '' },
      window: 'daily',
      form: 'fixed',
      timeZone: 'UTC',
      limitUsdMicros,
      isCap: true,
      alertAt: [],
    },
  ],
});

/** A router that starts; `executors` of the same process hear of its dispatches before. */
export function startRouter(
  { bus, instanceId, now, faultPoint, crash }: Place,
  budgets: BudgetsConfig,
  executors: readonly Executor[] = [],
): Router {
  const clock = serverClock(bus, now);
  const router = new Router({
    bus: bus.bus,
    log: silentLog,
    metrics: noRouterMetrics,
    tracing: noTracing,
    heralds: executors,
    instanceId,
    defaults,
    queueCapacity: 1_000,
    budgets,
    now: () => clock.nowMs(),
    lookAtClock: () => clock.look(),
    faultPoint,
  });
  router.start().catch(crash);
  return router;
}

export function startExecutor(
  { bus, instanceId, now, faultPoint, crash }: Place,
  of: readonly Backend[],
  makeDriver: (backend: Backend) => SimDriver,
): Executor {
  const clock = serverClock(bus, now);
  const executor = new Executor({
    bus: bus.bus,
    log: silentLog,
    metrics: noExecutorMetrics,
    tracing: noTracing,
    executorId: `${instanceId}-executor`,
    service: 'executor-openai-compatible',
    kind: 'openai-compatible',
    source: fixedBackends(of),
    makeDriver,
    drainGraceMs: 1_000,
    retry,
    ackWaitMs: 10_000,
    installationId: 'sim',
    now: () => clock.nowMs(),
    lookAtClock: () => clock.look(),
    faultPoint,
  });
  executor.start().catch(crash);
  return executor;
}

const serverClock = ({ bus }: SimBus, wallMs: () => number) =>
  new ServerClock({ bus, log: silentLog, wallMs });

/** The part of the task-tracker that repairs. */
export function startTracker({ bus, instanceId, now, faultPoint }: Place): Running {
  const orphans = new Orphans({
    bus: bus.bus,
    log: silentLog,
    instanceId,
    now,
    steadyNow: () => performance.now(),
    faultPoint,
    retry,
    onRetried: () => {},
    onEnded: () => {},
  });
  orphans.start();
  return orphans;
}

/** Without Nest between the bus and the monitor: it is no logic of ours, and slow to start. */
const followReports: HealthMonitorDeps['followReports'] = async (bus, _log, sink) => {
  const consumption = await bus.consume({
    consumer: {
      stream: 'BACKEND_EVENTS',
      name: 'health-monitor',
      filter: subjects.checked,
      ackWaitMs: 30_000,
      maxAckPending: 256,
    },
    concurrency: 32,
    handle: ({ data }) => {
      sink.take(decode(data));
      return { kind: 'done' };
    },
    onProblem: () => {},
  });
  return () => bus.stopConsuming(consumption, 1_000);
};

export function startMonitor({ bus, instanceId, now, crash }: Place): Running {
  const steadyNow = () => performance.now();
  const deps = { bus: bus.bus, log: silentLog, metrics, instanceId, now, steadyNow };
  const monitor = new HealthMonitor({ ...deps, followReports });
  monitor.start().catch(crash);
  return monitor;
}

export function startLedger(
  { bus, instanceId, now, faultPoint, crash }: Place,
  budgets: BudgetsConfig,
): Running {
  const deps = { bus: bus.bus, config: { budgets }, log: silentLog, metrics, instanceId, now };
  const ledger = new CostLedger({ ...deps, faultPoint });
  ledger.start().catch(crash);
  return ledger;
}

export const startDoor = ({ bus, now, faultPoint }: Place, router?: Router): SimDoor =>
  new SimDoor({ bus: bus.bus, now, faultPoint, express: router?.express });
