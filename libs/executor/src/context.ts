import type { Bus } from '@switchyard/bus';
import type { Log, ReachFaultPoint } from '@switchyard/domain';
import type { RetryPolicy } from '@switchyard/jobs';
import type { Tracing } from '@switchyard/telemetry';

/** What every part of an executor needs, handed in from its root. */
export type ExecutorContext = {
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: ExecutorMetrics;
  readonly tracing: Tracing;
  readonly executorId: string;
  readonly retry: RetryPolicy;
  /** A dispatch not renewed for this long goes to another executor. */
  readonly ackWaitMs: number;
  /** The id that makes a loop through our own door visible. */
  readonly installationId: string;
  /** Unix ms. */
  readonly now: () => number;
  readonly faultPoint: ReachFaultPoint;
};

/** What an executor counts. */
export interface ExecutorMetrics {
  attemptEnded(facts: AttemptFacts): void;
  retried(backendId: string): void;
}

/** One ended attempt as metrics and observations see it. */
export type AttemptFacts = {
  readonly backendId: string;
  readonly kind: string;
  readonly model: string;
  readonly provider: string;
  /** Empty where it succeeded. */
  readonly failureCode: string;
  readonly durationMs: number;
  readonly ttftMs: number | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsdMicros: number;
};

/** Metrics that count nothing. */
export const noMetrics: ExecutorMetrics = { attemptEnded() {}, retried() {} };
