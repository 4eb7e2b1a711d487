import { noPreferences, type RoutingJob } from '../job.js';
import type { SimulatedJob } from './parts.js';
import { simulatedKind, simulatedModel } from './router-view.js';
import type { TraceRequest } from './trace.js';

const none: readonly string[] = [];

/** The job that a request of a trace comes as. */
export function simulatedJob(
  request: TraceRequest,
  {
    seq,
    nowMs,
    maxOutputTokens,
  }: { readonly seq: number; readonly nowMs: number; readonly maxOutputTokens: number },
): SimulatedJob {
  const id = `sim-${seq}`;
  const { account = 'default', deadlineInMs } = request;
  const deadlineAtMs = deadlineInMs === undefined ? undefined : nowMs + deadlineInMs;
  const routing: RoutingJob = {
    id,
    kind: simulatedKind,
    model: simulatedModel,
    account,
    priority: 5,
    estimatedInputTokens: request.inputTokens,
    maxOutputTokens,
    ...(deadlineAtMs === undefined ? {} : { deadlineAtMs }),
    preferences: noPreferences,
    tags: none,
    excludedBackendIds: none,
    triedTransient: none,
    attemptNo: 1,
    isStreamed: true,
  };
  return {
    id,
    account,
    priorityClass: 'normal',
    priority: 5,
    seq,
    submittedAtMs: nowMs,
    deadlineAtMs: deadlineAtMs ?? Infinity,
    group: simulatedModel,
    notBeforeMs: 0,
    routing,
  };
}
