import { Bus } from '@switchyard/bus';
import type { BudgetsConfig } from '@switchyard/config';
import {
  type DispatchHerald,
  streams,
  subjects,
  type WireCell,
  type WireJob,
  decode,
  encode,
  patterns,
} from '@switchyard/contracts';
import { type Backend, fixedBackends, noFaults, silentLog } from '@switchyard/domain';
import { ConnectionPool } from '@switchyard/drivers';
import { Executor, noMetrics as noExecutorMetrics } from '@switchyard/executor';
import { type LearnerOptions, noPreferences } from '@switchyard/routing';
import { OpenAiCompatibleDriver } from '@switchyard/service-executor-openai-compatible';
import { noTracing } from '@switchyard/telemetry';
import { makeBackend } from '@switchyard/testing/builders';
import { noMetrics as noRouterMetrics, Router } from '@switchyard/service-router';

export { eventually } from '@switchyard/testing';

const queueCapacity = 200_000;

/** An OpenAI-compatible backend for a test. */
export const testBackend = (id: string, url: string, changes: Partial<Backend> = {}): Backend =>
  makeBackend({ id, endpointUrl: `${url}/v1`, maxConcurrentRequests: 8, ...changes });

/** A router in this process on its own connection. */
export async function startRouter(
  url: string,
  changes: {
    maxWaitMs?: number;
    heralds?: readonly DispatchHerald[];
    learning?: LearnerOptions;
    budgets?: BudgetsConfig;
  } = {},
) {
  const bus = await Bus.connect({ url, name: 'router' });
  await bus.provision(Object.values(streams({ queueCapacity })), 1);
  const router = new Router({
    bus,
    log: silentLog,
    metrics: noRouterMetrics,
    tracing: noTracing,
    heralds: changes.heralds ?? [],
    ...(changes.learning ? { learning: changes.learning } : {}),
    ...(changes.budgets ? { budgets: changes.budgets } : {}),
    instanceId: 'router-1',
    defaults: {
      strategyFor: () => 'score',
      preferences: noPreferences,
      maxWaitMs: changes.maxWaitMs ?? 60_000,
    },
    queueCapacity,
    now: Date.now,
    faultPoint: noFaults,
  });
  await router.start();
  return { bus, router, stop: () => router.stop().then(() => bus.drain(1_000)) };
}

/** An executor in this process on its own connection. */
export async function startExecutor(
  url: string,
  backends: readonly Backend[],
  executorId = 'executor-1',
  tracing = noTracing,
  ackWaitMs = 2_000,
) {
  const bus = await Bus.connect({ url, name: executorId });
  await bus.provision(Object.values(streams({ queueCapacity })), 1);
  const pool = new ConnectionPool();
  const executor = new Executor({
    bus,
    log: silentLog,
    metrics: noExecutorMetrics,
    tracing,
    executorId,
    service: 'executor-openai-compatible',
    kind: 'openai-compatible',
    source: fixedBackends(backends),
    makeDriver: (backend) => new OpenAiCompatibleDriver({ backend, pool }),
    drainGraceMs: 1_000,
    retry: { attemptsMax: 3, delaysMs: [50, 100] },
    ackWaitMs,
    installationId: 'test-installation',
    now: Date.now,
    faultPoint: noFaults,
  });
  await executor.start();
  return { bus, executor, stop: () => executor.stop().then(() => bus.drain(1_000)) };
}

/** A client of the NATS door: submits raw jobs and waits for their outcomes. */
export async function openClient(url: string) {
  const bus = await Bus.connect({ url, name: 'client' });
  const waiting = new Map<string, (cell: WireCell) => void>();
  const told = new Map<string, WireCell[]>();
  bus.listen(patterns.results, (subject, data) => {
    const jobId = subject.slice('results.'.length);
    const cell = decode<WireCell>(data);
    told.set(jobId, [...(told.get(jobId) ?? []), cell]);
    waiting.get(jobId)?.(cell);
  });
  await bus.flush();
  return {
    bus,
    /** Every outcome told for a job. */
    told,
    submit: (job: WireJob) =>
      bus.publish(
        subjects.submit('normal', job.kind ?? 'chat', job.account ?? 'default'),
        encode(job),
      ),
    outcome: (jobId: string) =>
      new Promise<WireCell>((resolve) => {
        const known = told.get(jobId)?.[0];
        if (known) resolve(known);
        else waiting.set(jobId, resolve);
      }),
    close: () => bus.drain(),
  };
}

/** A chat job of one message. */
export const chatJob = (id: string, changes: WireJob = {}): WireJob => ({
  id,
  body: { model: 'fake-model', messages: [{ role: 'user', content: 'Which track?' }] },
  ...changes,
});
