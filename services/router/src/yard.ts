import { setImmediate as nextImmediate } from 'node:timers/promises';
import type { WireJob } from '@switchyard/contracts';
import { Pace, type Unseen, WaitingRoom } from '@switchyard/jobs';
import {
  type Decision,
  type DecisionInput,
  decide,
  type Quote,
  quoteOf,
  type RouteDecision,
  seedOf,
} from '@switchyard/routing';
import type { BodyCache } from './body-cache.js';
import type { RouterContext } from './context.js';
import { type Dispatched, Dispatcher, type Slot } from './dispatcher.js';
import { expiriesOf } from './expiries.js';
import { isNew, type Offered } from './express.js';
import type { Fleet } from './fleet.js';
import { Holds } from './holds.js';
import { type End, expiry, rejection } from './job-end.js';
import type { Readings } from './readings.js';
import type { RoutedJob } from './routed-job.js';
import { SlotTable } from './slot-table.js';
import { unseenOf } from './unseen.js';
import { WakeTimer } from './wake-timer.js';

/** How long a job whose end could not be stored waits for the next try. */
const endAgainMs = 1_000;

/**
 * The waiting room at work: whenever something changes, jobs are taken in order, decided, and sent
 * into free slots. A group for which there is no slot is passed over until the next change.
 */
export class Yard {
  readonly slots = new SlotTable();
  readonly holds: Holds;
  readonly #context: RouterContext;
  readonly #fleet: Fleet;
  readonly #readings: Readings;
  readonly #pace = new Pace();
  readonly #bodies: BodyCache;
  readonly #dispatcher: Dispatcher;
  #expiries = expiriesOf([]);
  /** Why each group had to wait when it was last asked. */
  readonly #waitReasons = new Map<string, string>();
  readonly #accountOf = new Map<string, string>();
  #room: WaitingRoom<RoutedJob>;
  #isScheduled = false;
  readonly #timer = new WakeTimer(() => this.schedule());
  #untold: RoutedJob[] = [];
  /** Out of the room while money is asked for. */
  readonly #asking = new Set<RoutedJob>();
  decisions = 0;

  constructor(context: RouterContext, fleet: Fleet, bodies: BodyCache, readings: Readings) {
    this.#readings = readings;
    this.holds = new Holds(context);
    this.#context = context;
    this.#room = new WaitingRoom<RoutedJob>(context.shareOf);
    this.#fleet = fleet;
    this.#bodies = bodies;
    this.#dispatcher = new Dispatcher(context, bodies);
  }

  get size(): number {
    return this.#room.size;
  }

  find(jobId: string): RoutedJob | undefined {
    return this.#room.get(jobId);
  }

  jobs(): Iterable<RoutedJob> {
    return this.#room.jobs();
  }

  admit(job: RoutedJob): void {
    this.#room.add(job, this.#context.now());
    this.#untold.push(job);
    this.schedule();
  }

  /** Takes a job out because its outcome is written elsewhere, and acknowledges its message. */
  withdraw(jobId: string): void {
    const job = this.#takeOut(jobId);
    if (!job) return;
    this.#bodies.forget(job);
    void this.#dispatcher.acknowledge(job);
  }

  /** Takes a job out that is not dispatched. */
  #takeOut(jobId: string): RoutedJob | undefined {
    const job = this.#room.remove(jobId);
    this.holds.forget(jobId);
    if (job && this.#room.waitingIn(job.group) === 0) this.#pace.emptied(job.group);
    return job;
  }

  /** The room for those who only look. */
  get room(): Pick<WaitingRoom<RoutedJob>, 'positions' | 'waitingOf'> {
    return this.#room;
  }

  /** What a wait is estimated from where the job's line was not seen to move. */
  unseenOf(job: RoutedJob, nowMs: number): Unseen {
    return unseenOf(this.#fleet.snapshot, decide(this.#inputOf(job, nowMs)));
  }

  /** What would become of a job that came now, or of one that waits. */
  quote(job: RoutedJob, nowMs: number): Quote & { readonly waitMs: number } {
    const input = this.#inputOf(job, nowMs);
    const quote = quoteOf(input);
    const isSent = quote.decision.kind === 'route' && this.#room.waitingIn(job.group) === 0;
    const position = this.#room.waitingIn(job.group) + 1;
    const unseen = unseenOf(input.snapshot, quote.decision);
    const ask = { position, nowMs, unseen };
    return { ...quote, waitMs: isSent ? 0 : this.#pace.expectedWaitMs(job.group, ask) };
  }

  /** How fast the lines move. */
  readonly pace: Pick<Pace, 'expectedWaitMs'> = this.#pace;

  /** Forgets every waiting job: another router has them now. */
  clear(): void {
    this.#room = new WaitingRoom<RoutedJob>(this.#context.shareOf);
    this.#readings.patience.clear();
    this.#untold = [];
  }

  /** A slot is free again. */
  release(backendId: string, slot: number, jobId: string): void {
    this.#ended(jobId);
    if (!this.slots.release(backendId, slot, jobId)) return;
    this.#fleet.foldInFlight(backendId, this.slots.inFlight(backendId));
    this.schedule();
  }

  /** Puts the slots in line with the server's list of occupied ones. */
  reconcile(occupied: ReadonlyMap<string, ReadonlySet<number>>, askedAtMonoMs: number): void {
    const { backendIds, freedJobIds } = this.slots.reconcile(occupied, askedAtMonoMs);
    for (const jobId of freedJobIds) this.#ended(jobId);
    for (const id of backendIds) this.#fleet.foldInFlight(id, this.slots.inFlight(id));
    this.schedule();
  }

  /** A job runs no longer: its account's share shrinks. */
  #ended(jobId: string): void {
    this.#readings.ended(jobId, this.#context.now());
    const account = this.#accountOf.get(jobId);
    if (account === undefined) return;
    this.#accountOf.delete(jobId);
    this.#room.ended(account);
  }

  /** Asks for a pass over the room at the end of this turn of the event loop. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#pass());
  }

  /** Ends the jobs whose longest wait is over; called about once a second. */
  expire(): void {
    const nowMs = this.#context.now();
    this.#forgetGone();
    for (let job = this.#expiries.peek(); job; job = this.#expiries.peek()) {
      if (job.waitUntilMs > nowMs) return;
      this.#expiries.pop();
      if (this.#room.get(job.id) !== job) continue;
      const reason = this.#waitReasons.get(job.group) ?? 'capacity';
      const end = expiry(job, nowMs, { reason, money: this.holds.whyNot(job.id) });
      this.#takeOut(job.id);
      void this.#end(job, end);
    }
  }

  /** The wall clock was put forward or back: what waits waits as long as it would have. */
  shiftClock(byMs: number): void {
    this.#readings.patience.shiftClock(byMs);
    this.holds.shiftClock(byMs);
    this.#room.shiftClock(byMs);
    for (const job of [...this.#room.jobs(), ...this.#asking]) {
      if (job.waitUntilMs < job.deadlineAtMs) job.waitUntilMs += byMs;
    }
    this.#expiries = expiriesOf([...this.#room.jobs()]);
  }

  /** Jobs leave the room long before they would expire. */
  #forgetGone(): void {
    if (this.#expiries.length <= 2 * this.#room.size + 1_000) return;
    this.#expiries = expiriesOf([...this.#room.jobs()]);
  }

  #pass(): void {
    this.#isScheduled = false;
    const nowMs = this.#context.now();
    const blocked = new Set<string>();
    this.#room.advance(nowMs);
    const { patience } = this.#readings;
    if (patience.isOver(this.#fleet.snapshot, nowMs)) this.#room.comeBack();
    for (let job = this.#room.head(blocked); job; job = this.#room.head(blocked)) {
      const input = this.#inputOf(job, nowMs);
      const decision = this.#decide(input);
      if (decision.kind === 'wait' && this.holds.isBlocked(job.id, nowMs)) {
        this.#park(job, nowMs);
      } else if (decision.kind === 'wait') {
        this.#waitReasons.set(job.group, decision.reason);
        if (patience.waits(decision, input.snapshot) === 'aside') this.#room.standAside(job.id);
        else blocked.add(job.group);
      } else if (decision.kind === 'reject') {
        const money = this.holds.whyNot(job.id);
        this.#takeOut(job.id);
        void this.#end(job, rejection(decision, job, money));
      } else if (!this.#send(job, input, decision, nowMs)) {
        blocked.add(job.group);
      }
    }
    this.#tellWaiting();
    // Delayed retries and those who stand aside come into line on time, not with the next tick.
    this.#timer.wakeAt(Math.min(this.#room.nextDueAtMs, patience.nextAtMs), nowMs);
  }

  #inputOf(job: RoutedJob, nowMs: number): DecisionInput {
    const { strategy, routing } = job;
    const read = this.#readings.factsFor(routing, job.reading, strategy, nowMs);
    const facts = this.holds.factsFor(job.id, read, nowMs);
    const seed = seedOf(job.id, job.attemptNo);
    const { snapshot } = this.#fleet;
    return { job: routing, snapshot, strategy, nowMs, seed, ...(facts ? { facts } : {}) };
  }

  #decide(input: DecisionInput): Decision {
    const startedMonoMs = performance.now();
    const decision = decide(input);
    this.decisions += 1;
    this.#context.metrics.decided(
      input.strategy.name,
      decision.kind,
      performance.now() - startedMonoMs,
    );
    return decision;
  }

  /**
   * Sends a job that is in no stream yet straight to a backend, where one takes it at once; the job
   * never enters the room.
   */
  async sendAtOnce(job: RoutedJob, text: string, wire: WireJob): Promise<Offered> {
    if (!this.#room.mayRun(job.account)) return 'declined';
    const nowMs = this.#context.now();
    const input = this.#inputOf(job, nowMs);
    const decision = this.#decide(input);
    if (decision.kind !== 'route') return 'declined';
    const slot = this.#takeSlot(job, input, decision);
    if (slot === undefined) return 'declined';
    const isHeld = this.holds.needs(job, decision, input.snapshot);
    const held = isHeld ? this.#hold(job, input, decision, slot) : undefined;
    // The ask is on its way to the server before the dispatch is spelled out.
    if (held) await nextImmediate();
    const spelled = this.#dispatcher.spell(job, decision, slot, text);
    if (held && !(await held)) return 'declined';
    const isAnnounced = this.#fleet.hasOneExecutor(decision.backendId) && isNew(wire);
    const announced = isAnnounced ? wire : undefined;
    const dispatched = await this.#dispatcher.send(job, input, decision, spelled, announced);
    if (dispatched === 'stored') return 'stored';
    this.#settleUnsent(job, decision.backendId, slot.no, dispatched);
    if (isHeld && dispatched === 'taken') this.holds.unsent(job.id, decision.backendId);
    return dispatched === 'unknown' ? 'unknown' : 'declined';
  }

  /** Takes a slot and sends; false where the backend has none after all. */
  #send(job: RoutedJob, input: DecisionInput, decision: RouteDecision, nowMs: number): boolean {
    const slot = this.#takeSlot(job, input, decision);
    if (slot === undefined) return false;
    this.#room.remove(job.id);
    // Most jobs are served at once, with nobody behind them: they say nothing of a line.
    if (job.isTold || this.#room.size > 0) {
      this.#pace.dispatched(job.group, { nowMs, left: this.#room.waitingIn(job.group) });
    }
    if (this.holds.needs(job, decision, input.snapshot)) {
      void this.#sendHeld(job, input, decision, slot);
    } else {
      this.#dispatch(job, input, decision, slot);
    }
    return true;
  }

  /** Sends once money is held for it; else the job is decided again, knowing why not. */
  async #sendHeld(
    job: RoutedJob,
    input: DecisionInput,
    decision: RouteDecision,
    slot: Slot,
  ): Promise<void> {
    const room = this.#room;
    // It was due, whatever the clock says when it comes back.
    job.notBeforeMs = 0;
    this.#asking.add(job);
    if (await this.#hold(job, input, decision, slot).finally(() => this.#asking.delete(job))) {
      this.#dispatch(job, input, decision, slot);
      return;
    }
    // Another router has the jobs now.
    if (room !== this.#room) return;
    this.#room.add(job, this.#context.now());
    this.#expiries.push(job);
    this.schedule();
  }

  /** Asks for the money of a job; where it is not given, its slot is free again. */
  async #hold(
    job: RoutedJob,
    { snapshot }: DecisionInput,
    decision: RouteDecision,
    slot: Slot,
  ): Promise<boolean> {
    if (await this.holds.ask(job, decision, snapshot)) {
      this.#context.faultPoint('router.held');
      return true;
    }
    this.#fleet.giveBackRate(decision.backendId, job);
    this.release(decision.backendId, slot.no, job.id);
    return false;
  }

  /** Money is in the way of this job alone: it steps out of the line and asks again soon. */
  #park(job: RoutedJob, nowMs: number): void {
    job.notBeforeMs = this.holds.againAtMs(job.id, nowMs);
    this.#room.add(job, nowMs);
  }

  #dispatch(job: RoutedJob, input: DecisionInput, decision: RouteDecision, slot: Slot): void {
    const { nowMs } = input;
    void this.#dispatcher.dispatch(job, input, decision, slot).then((dispatched) => {
      if (dispatched === 'stored') {
        this.holds.forget(job.id);
        return;
      }
      this.#settleUnsent(job, decision.backendId, slot.no, dispatched);
      if (dispatched === 'taken') this.holds.unsent(job.id, decision.backendId);
      // An unknown dispatch may be there: sent again, the one that starts first counts. The slot is
      // reconciled later.
      const here = this.#room.get(job.id);
      if (here) {
        // Its retry is here already: the dispatch was stored, and has failed. Or it came anew.
        if (here.attemptNo > job.attemptNo) void this.#dispatcher.acknowledge(job);
      } else if (dispatched !== 'gone') {
        this.#room.add(job, nowMs);
        this.#expiries.push(job);
      }
      this.schedule();
    });
  }

  #takeSlot(job: RoutedJob, input: DecisionInput, decision: RouteDecision): Slot | undefined {
    const { backendId, nextTurns } = decision;
    const no = this.slots.take(backendId, job.id, performance.now());
    if (no === undefined) return undefined;
    this.#room.served(job.account);
    this.#accountOf.set(job.id, job.account);
    const hints = this.#readings.dispatched(input, job.reading, decision);
    this.#fleet.foldDispatch(backendId, job.kind, this.slots.inFlight(backendId), nextTurns);
    this.#fleet.foldRate(backendId, job, input.nowMs);
    return { no, hints };
  }

  /** Gives back what a job took that was not surely sent. */
  #settleUnsent(
    job: RoutedJob,
    backendId: string,
    slot: number,
    dispatched: Exclude<Dispatched, 'stored'>,
  ): void {
    if (dispatched !== 'unknown') this.#fleet.giveBackRate(backendId, job);
    if (dispatched === 'gone') {
      this.release(backendId, slot, job.id);
      return;
    }
    if (dispatched === 'taken') this.slots.markTaken(backendId, slot, performance.now());
    this.#ended(job.id);
  }

  async #end(job: RoutedJob, end: End): Promise<void> {
    if (await this.#dispatcher.end(job, end)) return;
    job.waitUntilMs = this.#context.now() + endAgainMs;
    this.#room.add(job, this.#context.now());
    this.#expiries.push(job);
  }

  #tellWaiting(): void {
    const arrived = this.#untold;
    if (arrived.length === 0) return;
    this.#untold = [];
    for (const job of arrived) {
      if (this.#room.get(job.id) !== job) continue;
      this.#expiries.push(job);
      if (!job.isTold) this.#dispatcher.tellQueued(job);
    }
  }
}
