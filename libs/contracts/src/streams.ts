import { type PriorityClass, priorityClasses } from '@switchyard/domain';
import { patterns } from './subjects.js';

const hourMs = 3_600_000;
const mib = 1024 * 1024;

/** How long an outcome and what it names can be read. */
export const outcomeTtlMs = 24 * hourMs;
/** Above this a result leaves the state cell, whose whole body stays within 16 KiB. */
export const cellResultBytesMax = 12 * 1024;

/** One stream as data: libs/bus creates it and keeps it so. */
export type StreamSpec = {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: 'workqueue' | 'limits';
  readonly storage: 'file' | 'memory';
  readonly discard: 'new' | 'old';
  readonly maxMessages?: number;
  readonly maxMessagesPerSubject?: number;
  readonly isDiscardNewPerSubject?: boolean;
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
  readonly allowsMessageTtl?: boolean;
  readonly duplicateWindowMs: number;
  readonly why: string;
};

const twoMinutesMs = 120_000;

/**
 * Every stream of the first form. `queueCapacity`: waiting jobs in all before a submission is
 * refused.
 */
export const streams = ({ queueCapacity }: { readonly queueCapacity: number }) =>
  ({
    JOBS: {
      name: 'JOBS',
      subjects: priorityClasses.map((priority) => patterns.submitClass(priority)),
      retention: 'workqueue',
      storage: 'file',
      discard: 'new',
      maxMessages: queueCapacity,
      duplicateWindowMs: twoMinutesMs,
      why: 'accepted jobs until they are dispatched; refuses above the capacity, never drops',
    },
    RETRIES: {
      name: 'RETRIES',
      subjects: [patterns.retries],
      retention: 'workqueue',
      storage: 'file',
      discard: 'new',
      duplicateWindowMs: twoMinutesMs,
      why: 'jobs on their way to another attempt; never more than jobs in flight, so no limit',
    },
    DISPATCH: {
      name: 'DISPATCH',
      subjects: ['dispatch.*.*'],
      retention: 'workqueue',
      storage: 'file',
      discard: 'new',
      maxMessagesPerSubject: 1,
      isDiscardNewPerSubject: true,
      duplicateWindowMs: twoMinutesMs,
      why: 'an unacknowledged dispatch is the occupied slot: the server refuses a second one',
    },
    STATE: {
      name: 'STATE',
      subjects: ['state.*'],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      maxMessagesPerSubject: 1,
      allowsMessageTtl: true,
      duplicateWindowMs: twoMinutesMs,
      why: 'the state cells; no size limit, since a full stream would refuse replacing writes too',
    },
    RESULTS: {
      name: 'RESULTS',
      subjects: ['results.blob.*.*'],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      maxAgeMs: outcomeTtlMs,
      duplicateWindowMs: twoMinutesMs,
      why: 'results too large for the cell and small enough for a message',
    },
    CHUNKS: {
      name: 'CHUNKS',
      subjects: ['stream.*.*'],
      retention: 'limits',
      storage: 'memory',
      discard: 'old',
      maxMessagesPerSubject: 10_000,
      maxBytes: 128 * mib,
      maxAgeMs: twoMinutesMs,
      duplicateWindowMs: 1_000,
      why: 'token chunks for gaps in a running stream; the outcome holds the whole text',
    },
    EVENTS: {
      name: 'EVENTS',
      subjects: ['events.job.*'],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      maxBytes: 512 * mib,
      maxAgeMs: outcomeTtlMs,
      duplicateWindowMs: 1_000,
      why: 'history of jobs for people and projections; no truth rests on it',
    },
    BACKEND_EVENTS: {
      name: 'BACKEND_EVENTS',
      subjects: ['events.backend.*'],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      maxBytes: 128 * mib,
      maxAgeMs: outcomeTtlMs,
      duplicateWindowMs: 1_000,
      why: 'how attempts went on each backend; feeds health and measured speed',
    },
    DEAD: {
      name: 'DEAD',
      subjects: ['dead.*'],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      maxMessagesPerSubject: 1,
      maxAgeMs: 7 * outcomeTtlMs,
      maxBytes: 512 * mib,
      duplicateWindowMs: twoMinutesMs,
      why: 'jobs given up, written before their outcome',
    },
    LEDGER: {
      name: 'LEDGER',
      subjects: [patterns.ledger],
      retention: 'limits',
      storage: 'file',
      discard: 'new',
      duplicateWindowMs: 1_000,
      why: 'every cent, for ever: no limit, and one writer that names the last sequence it knows',
    },
    RECEIPTS: {
      name: 'RECEIPTS',
      subjects: ['receipts.*.*'],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      maxMessagesPerSubject: 1,
      maxAgeMs: 7 * outcomeTtlMs,
      duplicateWindowMs: 1_000,
      why: 'costs of attempts that no state cell can take: their jobs had gone on without them',
    },
    ALERTS: {
      name: 'ALERTS',
      subjects: [patterns.alerts],
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      maxMessages: 50_000,
      maxBytes: 64 * mib,
      duplicateWindowMs: twoMinutesMs,
      why: 'what a person should know of, each once; by number and not by age, since a budget may last',
    },
  }) as const satisfies Record<string, StreamSpec>;

/** One durable consumer as data. */
export type ConsumerSpec<Stream extends string = string> = {
  readonly stream: Stream;
  readonly name: string;
  readonly filter: string;
  /** A delivery not renewed for this long is handed to somebody else. */
  readonly ackWaitMs: number;
  readonly maxAckPending: number;
  /** Where it begins when it is made: at the oldest message there is, or at the next. */
  readonly startsAt?: 'oldest' | 'next';
};

/**
 * A waiting job's delivery lasts this long; it is renewed at a third of it, so that 100,000 waiting
 * jobs cost 333 renewals a second. A router that takes over does not wait for it: it makes the
 * consumer anew.
 */
export const waitingAckWaitMs = 900_000;
/** A running attempt's delivery; an executor's death is noticed after this long. */
export const dispatchAckWaitMs = 10_000;

/** Every durable consumer. */
export const consumers = {
  submissions: (priority: PriorityClass, queueCapacity: number): ConsumerSpec<'JOBS'> => ({
    stream: 'JOBS',
    name: `router-${priority}`,
    filter: patterns.submitClass(priority),
    ackWaitMs: waitingAckWaitMs,
    maxAckPending: queueCapacity + 1_000,
  }),
  retries: (queueCapacity: number): ConsumerSpec<'RETRIES'> => ({
    stream: 'RETRIES',
    name: 'router-retries',
    filter: patterns.retries,
    ackWaitMs: waitingAckWaitMs,
    maxAckPending: queueCapacity + 1_000,
  }),
  dispatches: (backendId: string, ackWaitMs = dispatchAckWaitMs): ConsumerSpec => ({
    stream: 'DISPATCH',
    name: `backend-${backendId}`,
    filter: patterns.dispatches(backendId),
    ackWaitMs,
    maxAckPending: 100_000,
  }),
  /** What is to be sent to one destination of alerts, until it is or is given up. */
  alerts: (destination: string): ConsumerSpec => ({
    stream: 'ALERTS',
    name: `notify-${destination}`,
    filter: patterns.alerts,
    ackWaitMs: 60_000,
    maxAckPending: 1_000,
    startsAt: 'next',
  }),
} as const;

/** One key-value bucket as data. */
export type BucketSpec = {
  readonly name: string;
  /** True where single values may have a time to live of their own. */
  readonly allowsTtl?: boolean;
  /** How long every value stays. @default for ever */
  readonly maxAgeMs?: number;
  readonly why: string;
};

/** The key-value buckets and what each holds. */
export const buckets = {
  backends: { name: 'backends', why: 'the registry: BackendRecord by backend id' },
  registrations: {
    name: 'registrations',
    why: 'BackendRegistration by backend id: what operators add to the file over the API',
  },
  health: { name: 'health', why: 'BackendHealth by backend id' },
  settings: { name: 'settings', why: 'what every instance must agree on: the installation secret' },
  budgets: {
    name: 'budgets',
    why: 'budgets set while running: BudgetRecord by its key as a token',
  },
  ratings: {
    name: 'ratings',
    // Longer than any answer that can still be rated.
    maxAgeMs: 2 * outcomeTtlMs,
    why: 'who has rated which answer, so that a rating counts once whatever door it came by',
  },
  leases: {
    name: 'leases',
    allowsTtl: true,
    why: 'time-limited roles, renewed by compare-and-set',
  },
} as const satisfies Readonly<Record<string, BucketSpec>>;

/**
 * The object store for the rows of decisions that saw many backends, by the hash of their text.
 * Kept longer than the decisions that name them, so that rows that stay are stored once a day.
 */
export const rowStore = { name: 'decision-rows', maxAgeMs: 2 * outcomeTtlMs } as const;

/** The object store for bodies over the inline limit. */
export const payloadStore = 'payloads';
