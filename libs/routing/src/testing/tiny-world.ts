import type { BackendRow } from '../backend-row.js';
import { type BackendStats, backendStats, unknownStats } from '../backend-stats.js';
import { decide } from '../decide.js';
import { type JobFacts, noFacts } from '../job-facts.js';
import type { Learner } from '../learning/learner.js';
import { bandit } from '../strategies/bandit.js';
import type { RoutingJob } from '../job.js';
import { randomAt, seedOf } from '../seed.js';
import { snapshotOf } from '../snapshot.js';
import type { Strategy } from '../strategy.js';
import { makeJob, makeRow } from './builders.js';

/** One backend of the tiny world, as it truly is. */
export type TrueBackend = {
  readonly id: string;
  /** What a usual job takes here alone. */
  readonly durationMs: number;
  readonly slots: number;
  /** How much longer a job takes for each other one in flight: 0.1 = a tenth. */
  readonly crowding: number;
  readonly faultRatio: number;
  /** How long a fault takes. */
  readonly faultMs: number;
};

/** A 4x spread of speeds, and two that fail three times in four, slowly; the best come last. */
export const spreadOf = (crowding: number): readonly TrueBackend[] =>
  (
    [
      ['a', 600, 0.75, 6000],
      ['b', 2000, 0, 0],
      ['c', 1000, 0, 0],
      ['d', 500, 0.75, 6000],
      ['e', 700, 0, 0],
      ['f', 500, 0, 0],
    ] as const
  ).map(([id, durationMs, faultRatio, faultMs]) => {
    return { id, durationMs, slots: 8, crowding, faultRatio, faultMs };
  });

/** An attempt that ended in the tiny world. */
type TinyEnd = {
  readonly row: BackendRow;
  readonly job: RoutingJob;
  readonly isFault: boolean;
  readonly durationMs: number;
  readonly inFlightAtDispatch: number;
  readonly endedAtMs: number;
};

/** Who decides in the tiny world, and is told of what came of it. */
export type TinyRouter = {
  readonly strategy: Strategy;
  readonly factsFor: (job: RoutingJob, rows: readonly BackendRow[], nowMs: number) => JobFacts;
  readonly ended?: (end: TinyEnd) => void;
  /** What rows say of a backend. @default unknownStats */
  readonly statsFor?: (id: string, nowMs: number) => BackendStats;
};

/** How many requests come, how fast, and by which chance. */
export type TinyLoad = {
  readonly requests: number;
  readonly meanGapMs: number;
  readonly seed: number;
};

/** Knows each backend's true speed, crowding and faults: takes who is done soonest. */
export const oracleOf = (backends: readonly TrueBackend[]): TinyRouter => ({
  strategy: bandit,
  factsFor: (_job, rows) => {
    const wholesMs = backends.map(({ durationMs, crowding, faultRatio, faultMs }, at) => {
      const aloneMs = (1 - faultRatio) * 1.6 * durationMs + faultRatio * (faultMs + 2000);
      return aloneMs * (1 + crowding * (rows[at]?.inFlight ?? 0));
    });
    const bestMs = Math.min(...wholesMs);
    const arms = backends.map(({ id }, at) => {
      const rewardMean = bestMs / (bestMs + (wholesMs[at] as number));
      return [id, { samples: 100, rewardMean, rewardVariance: 0 }] as const;
    });
    return { ...noFacts, learned: { ...noFacts.learned, arms: Object.fromEntries(arms) } };
  },
});

/** Learns by `learner` and decides by `strategy`, which may read all that was learned. */
export const learningRouter = (strategy: Strategy, learner: Learner): TinyRouter => ({
  strategy,
  factsFor: (job, rows, nowMs) => {
    learner.update(nowMs);
    return { ...noFacts, learned: learner.learnedFor(job, 'simple', rows, nowMs) };
  },
  statsFor: (id, nowMs) => backendStats(learner.statsOf(id, nowMs)),
  ended: ({ row, job, isFault, durationMs, inFlightAtDispatch, endedAtMs }) => {
    const failure = isFault ? 'upstream_timeout' : null;
    const times = { durationMs, inFlightAtDispatch, endedAtMs };
    learner.observe({ ...job, backendId: row.id, queryType: 'simple', failure, ...times });
  },
});

/** The duration that 95 of 100 requests from the `first` on do not exceed. */
export function p95After(tookMs: readonly number[], first: number): number {
  const later = tookMs.slice(first).sort((a, b) => a - b);
  return later[Math.floor(0.95 * later.length)] as number;
}

type Waiting = { readonly job: RoutingJob; readonly arrivedAtMs: number };
type Running = Waiting & TinyEnd & { readonly at: number };

/**
 * Plays `load` over `backends` with `router` deciding, by the real `decide`, and gives how long
 * each request took from its arrival to its success, by arrival. A fault is tried again elsewhere
 * after a second; what finds no slot waits for one, in order.
 */
export function playTinyWorld(
  backends: readonly TrueBackend[],
  router: TinyRouter,
  load: TinyLoad,
): readonly number[] {
  const world = new TinyWorld(backends, router, load);
  return world.play();
}

class TinyWorld {
  readonly #inFlight: number[];
  readonly #idle: readonly BackendRow[];
  readonly #tookMs: number[] = [];
  #draws = 0;
  #lastId: string | undefined;
  #waiting: Waiting[] = [];
  #running: Running[] = [];

  constructor(
    private readonly backends: readonly TrueBackend[],
    private readonly router: TinyRouter,
    private readonly load: TinyLoad,
  ) {
    this.#inFlight = backends.map(() => 0);
    this.#idle = backends.map(({ id, slots }) => makeRow(id, { slots }));
  }

  play(): readonly number[] {
    let nextArrivalMs = 1_700_000_000_000;
    let arrived = 0;
    while (arrived < this.load.requests || this.#running.length > 0 || this.#waiting.length > 0) {
      const next = this.#running[0];
      const isArrival =
        arrived < this.load.requests && (next === undefined || nextArrivalMs <= next.endedAtMs);
      const nowMs = isArrival || next === undefined ? nextArrivalMs : next.endedAtMs;
      if (isArrival) {
        this.#waiting.push({ job: this.#jobOf(arrived), arrivedAtMs: nowMs });
        arrived += 1;
        nextArrivalMs += -this.load.meanGapMs * Math.log(1 - this.#random());
      } else this.#end(this.#running.shift() as Running);
      this.#dispatch(nowMs);
    }
    return this.#tookMs;
  }

  #random(): number {
    this.#draws += 1;
    return randomAt(this.load.seed, this.#draws);
  }

  #jobOf(index: number): RoutingJob {
    const isLong = this.#random() < 0.3;
    return makeJob({ id: `job-${index}`, maxOutputTokens: isLong ? 500 : 100 });
  }

  #rows(nowMs: number): readonly BackendRow[] {
    return this.#idle.map((row, at) => {
      const stats = this.router.statsFor?.(row.id, nowMs) ?? unknownStats;
      return { ...row, inFlight: this.#inFlight[at] as number, stats };
    });
  }

  #dispatch(nowMs: number): void {
    const { strategy, factsFor } = this.router;
    const left: Waiting[] = [];
    let isFull = false;
    for (const waiting of this.#waiting) {
      if (isFull) {
        left.push(waiting);
        continue;
      }
      const { job } = waiting;
      const rows = this.#rows(nowMs);
      const facts = factsFor(job, rows, nowMs);
      const snapshot = snapshotOf(rows, { cursors: { [job.kind]: this.#lastId } });
      const seed = seedOf(job.id, job.attemptNo);
      const decision = decide({ job, snapshot, strategy, nowMs, seed, facts });
      if (decision.kind === 'route') this.#start(waiting, decision.backendId, nowMs);
      else {
        left.push(waiting);
        isFull = job.excludedBackendIds.length === 0;
      }
    }
    this.#waiting = left;
  }

  #start(waiting: Waiting, backendId: string, nowMs: number): void {
    const at = this.backends.findIndex(({ id }) => id === backendId);
    const backend = this.backends[at] as TrueBackend;
    this.#lastId = backendId;
    const inFlightAtDispatch = this.#inFlight[at] as number;
    this.#inFlight[at] = inFlightAtDispatch + 1;
    const isFault = this.#random() < backend.faultRatio;
    const size = (waiting.job.maxOutputTokens > 128 ? 3 : 1) * (0.6 + 0.8 * this.#random());
    const aloneMs = isFault ? backend.faultMs : backend.durationMs * size;
    const durationMs = aloneMs * (1 + backend.crowding * inFlightAtDispatch);
    const endedAtMs = nowMs + durationMs;
    const row = this.#idle[at] as BackendRow;
    const end = { row, isFault, durationMs, inFlightAtDispatch, endedAtMs };
    const running = { ...waiting, ...end, at };
    const place = this.#running.findIndex((one) => one.endedAtMs > endedAtMs);
    this.#running.splice(place < 0 ? this.#running.length : place, 0, running);
  }

  #end(running: Running): void {
    const { job, at, isFault, endedAtMs, arrivedAtMs, row } = running;
    this.#inFlight[at] = (this.#inFlight[at] as number) - 1;
    this.router.ended?.(running);
    if (!isFault) {
      this.#tookMs[Number(job.id.slice(4))] = endedAtMs - arrivedAtMs;
      return;
    }
    // The second of waiting is counted, but not played: it would only make this longer.
    const excludedBackendIds = [...job.excludedBackendIds, row.id];
    const again = { ...job, excludedBackendIds, attemptNo: job.attemptNo + 1 };
    this.#waiting.unshift({ job: again, arrivedAtMs: arrivedAtMs - 1000 });
  }
}
