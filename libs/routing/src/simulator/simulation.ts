import type { FailureCode } from '@switchyard/domain';
import { estimateCostUsdMicros } from '../cost.js';
import { decide } from '../decide.js';
import type { RouteDecision } from '../decision.js';
import type { JobFacts } from '../job-facts.js';
import { PromptKeyer, type PromptKeys } from '../prefix/keys.js';
import { randomAt, seedOf } from '../seed.js';
import { defaultSettings, type RoutingSettings } from '../settings.js';
import type { Strategy } from '../strategy.js';
import type { BackendSpec, Outage } from './backend-spec.js';
import type { Flight } from './flight.js';
import { Imbalance } from './imbalance.js';
import { oracleFacts } from './oracle.js';
import type { FoldedHealth, ProductionParts, Room, SimulatedJob } from './parts.js';
import { RouterView, simulatedKind, simulatedModel } from './router-view.js';
import { type BackendUse, RunRecord } from './run-record.js';
import { SimulatedBackend } from './simulated-backend.js';
import { simulatedJob } from './simulated-job.js';
import { TimeLimits } from './time-limits.js';
import type { Trace, TraceRequest } from './trace.js';

/** What is simulated. */
export type SimulationInput<Health extends FoldedHealth = FoldedHealth> = {
  readonly trace: Trace;
  readonly fleet: readonly BackendSpec[];
  readonly strategy: Strategy;
  readonly parts: ProductionParts<Health>;
  /** All chance comes from it: a whole number. @default 1 */
  readonly seed?: number;
  /** @default defaultSettings */
  readonly settings?: RoutingSettings;
  /** The longest wait for a backend; then the job expires. @default 600,000 */
  readonly maxWaitMs?: number;
  /**
   * Decides by what is true in place of what was learned (oracle.ts): `bandit` with true arms.
   * `lengths`: it knows how long each answer will be; `speeds`: their mean over the trace.
   */
  readonly oracle?: 'speeds' | 'lengths' | undefined;
  /** The keys of the trace's prompts, where several runs share them: `promptsOf(trace)`. */
  readonly prompts?: readonly PromptKeys[];
  /** Told now and then how many requests have ended. */
  readonly progress?: (ended: number) => void;
};

const attemptsMax = 3;
const retryDelaysMs = [1000, 3000];
const checkEveryMs = 10_000;
const progressEvery = 1000;
/** Unix ms at which every simulation starts, so that instants look like those of production. */
const startAtMs = 0;

/** The keys of a trace's prompts. */
export function promptsOf(trace: Trace): readonly PromptKeys[] {
  const keyer = new PromptKeyer({ blockTokens: trace.blockTokens });
  return trace.requests.map(({ blockIds, inputTokens }) => {
    // Only full blocks are shared; the trace names the last one that is not full, too.
    const full = Math.floor(inputTokens / trace.blockTokens);
    return keyer.ofBlockIds(simulatedModel, blockIds.slice(0, full));
  });
}

/**
 * Plays a trace over simulated backends, with `decide` and the waiting room of production.
 *
 * - The same input, the same record, to the bit: there is no clock and no other chance than `seed`.
 * - It ends when every request has: it ran, was refused, gave up, or waited too long.
 */
export function simulate<Health extends FoldedHealth>(input: SimulationInput<Health>): RunRecord {
  return new Simulation(input).run();
}

class Simulation<Health extends FoldedHealth> {
  readonly #input: SimulationInput<Health>;
  readonly #requests: readonly TraceRequest[];
  readonly #prompts: readonly PromptKeys[];
  readonly #backends: readonly SimulatedBackend<Flight>[];
  readonly #at = new Map<string, number>();
  readonly #router: RouterView<Health>;
  readonly #room: Room;
  readonly #record: RunRecord;
  readonly #imbalance: Imbalance;
  readonly #timeImbalance: Imbalance;
  readonly #outages: readonly (Outage & { readonly backendAt: number })[];
  readonly #maxOutputTokens: number;
  readonly #meanOutputTokens: number;
  readonly #blocked = new Set<string>();
  readonly #limits: TimeLimits;
  /** Of jobs with a deadline, by their place in the trace. */
  readonly #stoppable = new Map<number, Flight>();
  #arrived = 0;
  #outagesBegun = 0;
  #open = 0;
  #nextCheckAtMs = checkEveryMs;
  #nowMs = startAtMs;

  constructor(input: SimulationInput<Health>) {
    const { trace, parts, strategy, settings = defaultSettings } = input;
    this.#input = input;
    this.#requests = trace.requests;
    this.#prompts = input.prompts ?? promptsOf(trace);
    const fleet = [...input.fleet].sort((a, b) => (a.id < b.id ? -1 : 1));
    const listener = {
      firstToken: (flight: Flight, nowMs: number) => this.#firstToken(flight, nowMs),
      ended: (flight: Flight, nowMs: number, isFault: boolean) =>
        this.#attemptEnded(flight, nowMs, isFault ? 'upstream_timeout' : null),
    };
    const { blockTokens } = trace;
    this.#backends = fleet.map((spec) => new SimulatedBackend(spec, blockTokens, listener));
    fleet.forEach(({ id }, at) => this.#at.set(id, at));
    this.#outages = fleet
      .flatMap(({ outages }, backendAt) => outages.map((one) => ({ ...one, backendAt })))
      .sort((a, b) => a.fromMs - b.fromMs);
    const seed = input.seed ?? 1;
    const options = { strategy, settings, blockTokens, seed };
    this.#router = new RouterView(fleet, parts, options);
    this.#room = parts.makeRoom();
    this.#imbalance = new Imbalance(fleet.length);
    this.#timeImbalance = new Imbalance(fleet.length);
    this.#record = new RunRecord(trace, strategy.name);
    this.#limits = new TimeLimits(input.maxWaitMs ?? 600_000, {
      isWaiting: (job) => this.#room.get(job.id) === job,
      isOpen: ({ seq }) => this.#record.endingOf(seq) === 'open',
    });
    this.#maxOutputTokens = trace.requests.reduce((most, one) => {
      return Math.max(most, one.outputTokens);
    }, 1);
    const outputTokens = trace.requests.reduce((sum, one) => sum + one.outputTokens, 0);
    this.#meanOutputTokens = outputTokens / Math.max(1, trace.requests.length);
  }

  run(): RunRecord {
    const { length } = this.#requests;
    while (this.#arrived < length || this.#open > 0) this.#next();
    this.#record.imbalance = this.#imbalance.mean;
    this.#record.timeImbalance = this.#timeImbalance.mean;
    this.#record.backends = this.#backends.map((backend, at) => this.#useOf(backend, at));
    return this.#record;
  }

  /** Lets the next thing happen; of two at once the backends' first, by place. */
  #next(): void {
    const backend = this.#earliestBackend();
    const backendAtMs = backend.nextAtMs;
    const arrivalAtMs = this.#requests[this.#arrived]?.atMs ?? Infinity;
    const outageAtMs = this.#outages[this.#outagesBegun]?.fromMs ?? Infinity;
    const limitAtMs = this.#limits.nextAtMs;
    const dueAtMs = Math.min(this.#room.nextDueAtMs, this.#router.patience.nextAtMs);
    const breakerAtMs = this.#router.nextBreakerAtMs;
    const tickAtMs = Math.min(this.#nextCheckAtMs, breakerAtMs);
    const otherAtMs = Math.min(outageAtMs, limitAtMs, dueAtMs, tickAtMs);
    this.#nowMs = Math.max(this.#nowMs, Math.min(backendAtMs, arrivalAtMs, otherAtMs));
    if (backendAtMs <= this.#nowMs) {
      backend.step();
    } else if (arrivalAtMs <= this.#nowMs) {
      this.#arrive();
    } else if (outageAtMs <= this.#nowMs) {
      this.#beginOutage();
    } else if (breakerAtMs <= this.#nowMs) {
      this.#router.advanceBreakers(this.#nowMs);
    } else if (this.#nextCheckAtMs <= this.#nowMs) {
      this.#checkAll();
    } else if (limitAtMs <= this.#nowMs) {
      this.#giveUp();
    }
    this.#pass();
  }

  #earliestBackend(): SimulatedBackend<Flight> {
    let earliest = this.#backends[0] as SimulatedBackend<Flight>;
    for (let at = 1; at < this.#backends.length; at += 1) {
      const backend = this.#backends[at] as SimulatedBackend<Flight>;
      if (backend.nextAtMs < earliest.nextAtMs) earliest = backend;
    }
    return earliest;
  }

  #arrive(): void {
    const request = this.#requests[this.#arrived] as TraceRequest;
    const job = simulatedJob(request, {
      seq: this.#arrived,
      nowMs: this.#nowMs,
      maxOutputTokens: this.#maxOutputTokens,
    });
    this.#arrived += 1;
    this.#open += 1;
    this.#limits.arrived(job);
    this.#enter(job);
  }

  /** One pass over the waiting room, as the router makes it after every change. */
  #pass(): void {
    const nowMs = this.#nowMs;
    const room = this.#room;
    room.advance(nowMs);
    this.#blocked.clear();
    const { patience } = this.#router;
    if (patience.isOver(this.#router.snapshot, nowMs)) room.comeBack();
    for (let job = room.head(this.#blocked); job; job = room.head(this.#blocked)) {
      const prompt = this.#prompts[job.seq] as PromptKeys;
      const facts = this.#factsFor(job, prompt);
      const { snapshot } = this.#router;
      const { routing } = job;
      const seed = seedOf(job.id, routing.attemptNo) ^ (this.#input.seed ?? 1);
      const { strategy } = this.#input;
      const decision = decide({ job: routing, snapshot, strategy, nowMs, seed, facts });
      if (decision.kind === 'wait') {
        if (patience.waits(decision, snapshot) === 'aside') room.standAside(job.id);
        else this.#blocked.add(job.group);
      } else {
        room.remove(job.id);
        if (decision.kind === 'route') this.#dispatch(job, decision, facts);
        else this.#finish(job, 'refused');
      }
    }
  }

  #factsFor({ seq, routing }: SimulatedJob, prompt: PromptKeys): JobFacts {
    const { oracle } = this.#input;
    const { keys } = prompt;
    if (oracle === undefined) return this.#router.factsFor(routing, prompt, this.#nowMs);
    const { inputTokens, outputTokens } = this.#requests[seq] as TraceRequest;
    const expected = oracle === 'lengths' ? outputTokens : this.#meanOutputTokens;
    const retryDelayMs = retryDelaysMs[routing.attemptNo - 1] ?? 0;
    const ask = { inputTokens, keys, outputTokens: expected, retryDelayMs };
    const isAway = (backendAt: number) => this.#isAway(backendAt);
    return oracleFacts(ask, this.#backends, { nowMs: this.#nowMs, isAway });
  }

  #dispatch(job: SimulatedJob, decision: RouteDecision, facts: JobFacts): void {
    const request = this.#requests[job.seq] as TraceRequest;
    const backendAt = this.#at.get(decision.backendId) as number;
    const backend = this.#backends[backendAt] as SimulatedBackend<Flight>;
    const prompt = this.#prompts[job.seq] as PromptKeys;
    const { spec } = backend;
    const { attemptNo } = job.routing;
    const isAway = this.#isAway(backendAt);
    const chance = randomAt(seedOf(`${job.id} ${spec.id}`, attemptNo), this.#input.seed ?? 1);
    const { keys } = prompt;
    const { inputTokens } = request;
    const missing = inputTokens - backend.hitTokensOf({ keys, inputTokens });
    const flight: Flight = {
      name: `${job.id}:${attemptNo}`,
      job,
      backendId: decision.backendId,
      backendAt,
      prompt,
      keys,
      inputTokens,
      outputTokens: request.outputTokens,
      dispatchedAtMs: this.#nowMs,
      isFault: isAway || chance < spec.faultRatio,
      hitTokens: 0,
      prefillMs: 0,
      loadMs: 0,
      firstTokenAtMs: 0,
      prefillWorkMs: spec.prefillMsFixed + spec.prefillMsPerToken * missing,
      decodeWorkMs: spec.decodeStepMsPerRequest * request.outputTokens,
      workTokens: missing + request.outputTokens,
      madeTokens: request.outputTokens,
      inFlightAtDispatch: 0,
      isPastFirstToken: false,
    };
    this.#room.served(job.account);
    this.#router.dispatched(flight, facts, decision.nextTurns);
    this.#record.dispatched(job.seq, backendAt, this.#nowMs);
    const workMs = flight.prefillWorkMs + flight.decodeWorkMs;
    this.#timeImbalance.change(backendAt, workMs, this.#nowMs);
    this.#imbalance.change(backendAt, flight.workTokens, this.#nowMs);
    if (job.deadlineAtMs < Infinity) this.#stoppable.set(job.seq, flight);
    backend.start(flight, this.#nowMs);
  }

  #firstToken(flight: Flight, nowMs: number): void {
    flight.isPastFirstToken = true;
    this.#timeImbalance.change(flight.backendAt, -flight.prefillWorkMs, nowMs);
    this.#router.firstToken(flight);
  }

  #attemptEnded(flight: Flight, nowMs: number, failure: FailureCode | null): void {
    const { job, backendAt, isPastFirstToken, prefillWorkMs, decodeWorkMs } = flight;
    const workMs = decodeWorkMs + (isPastFirstToken ? 0 : prefillWorkMs);
    this.#timeImbalance.change(backendAt, -workMs, nowMs);
    this.#imbalance.change(backendAt, -flight.workTokens, nowMs);
    this.#room.ended(job.account);
    this.#stoppable.delete(job.seq);
    this.#router.ended(flight, failure, nowMs);
    this.#charge(flight, failure, nowMs);
    if (failure === null) this.#finish(job, 'succeeded', flight);
    else this.#failed(flight, failure, nowMs);
  }

  /**
   * What the attempt cost, by its backend's tariff: one that failed its time only, one that was
   * stopped the tokens that were made until then.
   */
  #charge(flight: Flight, failure: FailureCode | null, nowMs: number): void {
    const { spec } = this.#backends[flight.backendAt] as SimulatedBackend<Flight>;
    const isFault = failure !== null && failure !== 'deadline_exceeded';
    const cost = estimateCostUsdMicros(isFault ? timeOnly(spec) : spec.tariff, {
      inputTokens: flight.inputTokens,
      outputTokens: flight.madeTokens,
      durationMs: nowMs - flight.dispatchedAtMs,
    });
    this.#record.charged(flight.job.seq, cost);
  }

  #failed(flight: Flight, code: FailureCode, nowMs: number): void {
    const { job, backendId, isPastFirstToken } = flight;
    const { routing } = job;
    const outcome = this.#input.parts.afterFailure(
      {
        attemptNo: routing.attemptNo,
        kind: simulatedKind,
        code,
        isStreamed: isPastFirstToken,
        resume: undefined,
        deadlineAtMs: routing.deadlineAtMs,
      },
      { attemptsMax, delaysMs: retryDelaysMs },
      nowMs,
    );
    if (outcome.kind === 'giveUp') {
      this.#finish(job, 'failed');
      return;
    }
    const { attemptNo, notBeforeMs, isTransient } = outcome;
    const excludedBackendIds = [...routing.excludedBackendIds, backendId];
    const triedTransient = isTransient
      ? [...routing.triedTransient, backendId]
      : routing.triedTransient;
    const tried = { excludedBackendIds, triedTransient, lastFailureAtMs: nowMs };
    const again = { ...routing, attemptNo, ...tried };
    this.#enter({ ...job, notBeforeMs, routing: again });
  }

  #finish(job: SimulatedJob, how: 'succeeded' | 'failed' | 'refused', flight?: Flight): void {
    this.#record.finished(job.seq, how, { nowMs: this.#nowMs, flight });
    this.#open -= 1;
    if (this.#open % progressEvery === 0 || this.#record.ended % progressEvery === 0) {
      this.#input.progress?.(this.#record.ended);
    }
  }

  /** Ends the job that waited too long, or whose deadline has come. */
  #giveUp(): void {
    const job = this.#limits.next as SimulatedJob;
    const flight = this.#stoppable.get(job.seq);
    if (flight === undefined) {
      this.#room.remove(job.id);
      this.#finish(job, 'refused');
      return;
    }
    const backend = this.#backends[flight.backendAt] as SimulatedBackend<Flight>;
    flight.madeTokens = backend.stop(flight, this.#nowMs);
    this.#attemptEnded(flight, this.#nowMs, 'deadline_exceeded');
  }

  #enter(job: SimulatedJob): void {
    this.#room.add(job, this.#nowMs);
    this.#limits.entered(job, this.#nowMs);
  }

  #isAway(backendAt: number): boolean {
    return this.#outages.some(
      (one) =>
        one.backendAt === backendAt && one.fromMs <= this.#nowMs && this.#nowMs < one.untilMs,
    );
  }

  #beginOutage(): void {
    const { backendAt } = this.#outages[this.#outagesBegun] as { backendAt: number };
    this.#outagesBegun += 1;
    (this.#backends[backendAt] as SimulatedBackend<Flight>).crash(this.#nowMs);
  }

  #checkAll(): void {
    this.#nextCheckAtMs += checkEveryMs;
    this.#backends.forEach(({ spec }, at) => {
      this.#router.checked(spec.id, !this.#isAway(at), this.#nowMs);
    });
  }

  #useOf(backend: SimulatedBackend<Flight>, at: number): BackendUse {
    const { prefillBusyMs, occupiedMs, spec } = backend;
    return { id: spec.id, prefillBusyMs, occupiedMs, requests: this.#record.requestsAt(at) };
  }
}

const timeOnly = ({ tariff }: BackendSpec) => ({ perSecondUsdMicros: tariff.perSecondUsdMicros });
