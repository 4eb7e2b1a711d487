import type { Bus } from '@switchyard/bus';
import type { Config } from '@switchyard/config';
import type { DispatchHerald } from '@switchyard/contracts';
import type { Log, ReachFaultPoint } from '@switchyard/domain';
import type { ShareOf } from '@switchyard/jobs';
import type { LearnerOptions } from '@switchyard/routing';
import type { Tracing } from '@switchyard/telemetry';
import type { JobDefaults } from './stamps.js';

/** What every part of the router needs, handed in from its root. */
export type RouterContext = {
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: RouterMetrics;
  readonly tracing: Tracing;
  readonly instanceId: string;
  readonly defaults: JobDefaults;
  readonly queueCapacity: number;
  /** Attempts that a half-open breaker lets through. @default 3 */
  readonly trialsMax?: number;
  /** What an account was given; not set: all are equal and have no limit. */
  readonly shareOf?: ShareOf;
  /** Unix ms. */
  readonly now: () => number;
  /** Asked before the start and every 5 s, where its `now` follows another clock. */
  readonly lookAtClock?: () => Promise<void>;
  readonly faultPoint: ReachFaultPoint;
  /** @default as PrefixView says */
  readonly prefixCache?: Config['prefixCache'];
  /** @default as Learner says */
  readonly learning?: LearnerOptions;
  /** Absent: nothing costs anybody anything. */
  readonly budgets?: Config['budgets'];
  /** Executors of this process. */
  readonly heralds: readonly DispatchHerald[];
};

/** What the router counts. */
export interface RouterMetrics {
  decided(strategy: string, verdict: string, durationMs: number): void;
  dispatched(backendId: string, queueWaitMs: number): void;
  ended(kind: string, status: string): void;
}

/** Metrics that count nothing. */
export const noMetrics: RouterMetrics = { decided() {}, dispatched() {}, ended() {} };
