import type { FailureCode, JobKind, PriorityClass } from '@switchyard/domain';
import type { RoutingJob } from '../job.js';

/** A job in the simulated waiting room: what the real room reads of a job, and its place here. */
export type SimulatedJob = {
  readonly id: string;
  readonly account: string;
  readonly priorityClass: PriorityClass;
  readonly priority: number;
  readonly seq: number;
  readonly submittedAtMs: number;
  readonly deadlineAtMs: number;
  readonly group: string;
  readonly notBeforeMs: number;
  readonly routing: RoutingJob;
};

/** The waiting room of libs/jobs, as far as it is used here. */
export type Room = {
  readonly nextDueAtMs: number;
  add(job: SimulatedJob, nowMs: number): void;
  remove(jobId: string): unknown;
  get(jobId: string): SimulatedJob | undefined;
  advance(nowMs: number): void;
  head(blocked: ReadonlySet<string>): SimulatedJob | undefined;
  standAside(jobId: string): void;
  comeBack(): void;
  served(account: string): void;
  ended(account: string): void;
};

/** What the health of a backend comes to, as libs/health folds it. */
export type FoldedHealth = {
  readonly status: 'healthy' | 'degraded' | 'down' | 'unknown';
  readonly cooldownUntilMs: number;
};

/** A circuit breaker as libs/health keeps it; what else it holds is read by nobody here. */
export type FoldedBreaker = {
  readonly state: 'closed' | 'open' | 'halfOpen';
  readonly changedAtMs: number;
  /** When an open one lets trials through; 0 where it is not open. */
  readonly openUntilMs: number;
};

/** The settings and the moment of a step of a breaker. */
export type BreakerWithin = {
  readonly settings: { readonly trialsMax: number };
  readonly moment: { readonly nowMs: number; readonly unit: number; readonly mayOpen?: boolean };
};

/** The circuit breaker of libs/health. Methods, since only that room knows what a breaker holds. */
type BreakerParts = {
  readonly closedBreaker: FoldedBreaker;
  readonly defaultBreakerSettings: { readonly trialsMax: number };
  advanceBreaker(
    breaker: FoldedBreaker,
    settings: BreakerWithin['settings'],
    moment: BreakerWithin['moment'],
  ): FoldedBreaker;
  foldAttemptOutcome(
    breaker: FoldedBreaker,
    attempt: {
      readonly name: string;
      readonly failureCode: FailureCode | undefined;
      readonly durationMs: number;
      readonly atMs: number;
    },
    within: BreakerWithin,
  ): FoldedBreaker;
  foldCheckOutcome(breaker: FoldedBreaker, isOk: boolean, within: BreakerWithin): FoldedBreaker;
  mayEject(count: { readonly open: number; readonly all: number }): boolean;
};

/**
 * The parts of production that drive a simulation beside `decide`. This room may not import those
 * rooms, so whoever runs a simulation hands them in: `makeRoom` and `afterFailure` of libs/jobs,
 * the rest of libs/health.
 */
export type ProductionParts<Health extends FoldedHealth = FoldedHealth> = BreakerParts & {
  readonly makeRoom: () => Room;
  readonly afterFailure: (
    attempt: {
      readonly attemptNo: number;
      readonly kind: JobKind;
      readonly code: FailureCode;
      readonly isStreamed: boolean;
      readonly resume: undefined;
      readonly deadlineAtMs: number | undefined;
    },
    policy: { readonly attemptsMax: number; readonly delaysMs: readonly number[] },
    nowMs: number,
  ) =>
    | {
        readonly kind: 'retry';
        readonly attemptNo: number;
        readonly notBeforeMs: number;
        readonly isTransient: boolean;
      }
    | { readonly kind: 'giveUp' };
  readonly neverChecked: Health;
  readonly foldAttempt: (
    health: Health,
    end: {
      readonly failureCode: FailureCode | undefined;
      readonly retryAfterMs: undefined;
      readonly atMs: number;
    },
  ) => Health;
  readonly foldCheck: (
    health: Health,
    check: {
      readonly isOk: boolean;
      readonly durationMs: number;
      readonly message: string;
      readonly atMs: number;
    },
  ) => Health;
};
