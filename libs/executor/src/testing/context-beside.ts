import { noFaults, silentLog } from '@switchyard/domain';
import { noTracing } from '@switchyard/telemetry';
import { type ExecutorContext, noMetrics } from '../context.js';

/** What an executor called `ours` has beside a bus that a test plays; its clock stands at 1. */
export const contextBeside = (bus: object): ExecutorContext => ({
  bus: bus as ExecutorContext['bus'],
  log: silentLog,
  metrics: noMetrics,
  tracing: noTracing,
  executorId: 'ours',
  retry: { attemptsMax: 3, delaysMs: [1_000] },
  ackWaitMs: 10_000,
  installationId: 'i',
  now: () => 1,
  faultPoint: noFaults,
});
