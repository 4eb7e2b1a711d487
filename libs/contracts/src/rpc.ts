import type { PriorityClass } from '@switchyard/domain';
import type { WireAttempt, WireFailure, WireUsage } from './wire.js';

/**
 * Request-reply between services, as plain JSON. Subjects come from `subjects.rpc(service, verb)`.
 */

/** A job as the task-tracker's projection knows it; it may lag behind the state cell by moments. */
export type TaskRow = {
  readonly jobId: string;
  readonly account: string;
  readonly userId?: string;
  readonly status:
    | 'waiting'
    | 'dispatched'
    | 'running'
    | 'retrying'
    | 'succeeded'
    | 'failed'
    | 'canceled'
    | 'expired';
  readonly kind: string;
  readonly model: string;
  readonly priority: number;
  readonly backendId?: string;
  readonly executorId?: string;
  readonly decisionId?: string;
  readonly attemptNo: number;
  readonly attempts: readonly WireAttempt[];
  readonly submittedAtMs: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly updatedAtMs: number;
  readonly queueWaitMs?: number;
  readonly failure?: WireFailure;
  readonly usage?: WireUsage;
  readonly costUsdMicros?: number;
};

/** `rpc.task-tracker.get`: answers a TaskRow, or refuses with `not_found`. */
export type GetTask = { readonly account: string; readonly jobId: string };

/** `rpc.task-tracker.list`: newest first; `cursor` comes from the page before. */
export type ListTasks = {
  readonly account: string;
  readonly status?: readonly TaskRow['status'][];
  readonly backendId?: string;
  readonly kind?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Only jobs that lost an attempt because no executor of its backend was alive. */
  readonly isOrphaned?: boolean;
  /** 1 to 500. */
  readonly limit: number;
  readonly cursor?: string;
};
export type TaskPage = { readonly tasks: readonly TaskRow[]; readonly nextCursor?: string };

/** `rpc.task-tracker.stats`. */
export type TaskStats = {
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byAge: { readonly recent: number; readonly medium: number; readonly old: number };
  readonly costTodayUsdMicros: number;
  readonly costHourUsdMicros: number;
};

/** An executor instance as the health-monitor knows it from its heartbeats. */
export type NodeRow = {
  readonly instanceId: string;
  readonly service: string;
  readonly address: string;
  readonly liveness: 'alive' | 'suspect' | 'dead';
  readonly state: 'active' | 'draining';
  readonly lastHeartbeatAtMs: number;
  readonly startedAtMs: number;
  readonly inFlight: number;
  readonly capacity: number;
  readonly backends: readonly string[];
  /** As other instances measured it; only where they gossip. */
  readonly roundTripMs?: number;
};
/** `rpc.health-monitor.breaker`: moves the breaker of one backend by hand. */
export type BreakerCommand = {
  readonly backendId: string;
  readonly action: 'reset' | 'force_open';
};

/** `rpc.health-monitor.gossip`: what became of gossip, whose body is the HTTP one. */
export type GossipAnswer = {
  readonly verdict: 'taken' | 'malformed' | 'stranger' | 'stale';
};

/** `rpc.health-monitor.nodes`. */
export type NodeList = { readonly nodes: readonly NodeRow[] };

/** Where a waiting job stands. */
export type Place = {
  /** 1 = served next of those that run on the same backends. */
  readonly position: number;
  /** How long it is likely to wait still. */
  readonly waitMs: number;
};

/** `rpc.router.places`: answered by the active router; at most 1,000 jobs at once. */
export type AskPlaces = {
  readonly jobIds: readonly string[];
  /** Accounts whose waiting jobs are to be counted. */
  readonly accounts?: readonly string[];
};
/** Jobs that do not wait are left out. */
export type PlaceList = {
  readonly places: Readonly<Record<string, Place>>;
  /** Jobs in the waiting room, by class. */
  readonly waiting: Readonly<Record<PriorityClass, number>>;
  readonly ofAccounts: Readonly<Record<string, number>>;
};

/** `rpc.router.learned`: what the active router has learned; nothing is asked. */
export type LearnedReport = {
  /** For `adaptive_learning`: 0.1 to 2, by backend and type of question. */
  readonly weights: readonly {
    readonly backendId: string;
    readonly queryType: string;
    readonly weight: number;
  }[];
  readonly backends: readonly LearnedBackend[];
};

/** What is known of one backend from its attempts. */
export type LearnedBackend = {
  readonly backendId: string;
  readonly durationMsMean: number;
  readonly durationSamples: number;
  readonly errorRatio: number;
  readonly availabilityRatio: number;
  /** 0 to 1; null = no answer was rated. */
  readonly quality: number | null;
  readonly models: Readonly<
    Record<
      string,
      {
        readonly ttftMs: number;
        readonly prefillMsPerToken: number;
        readonly decodeTokensPerSec: number;
        readonly samples: number;
      }
    >
  >;
};

/**
 * `rpc.router.rate`: how good an answer of a backend was, each side from 0 to 1. Refused with
 * `not_found` where there is no such backend, with `invalid_request` where no side is rated.
 */
export type RateAnswer = {
  /** One rating said again has the same: each router counts it once. @default counts each time */
  readonly ratingId?: string;
  readonly backendId: string;
  readonly relevance?: number;
  readonly accuracy?: number;
  readonly completeness?: number;
  readonly citations?: number;
};

/** `rpc.router.stats`: the waiting room of the active router. */
export type RouterStats = {
  readonly strategy: string;
  readonly waiting: Readonly<Record<'high' | 'normal' | 'low', number>>;
  readonly oldestWaitMs: number;
  readonly inFlight: Readonly<Record<string, number>>;
  readonly decisions: number;
};
