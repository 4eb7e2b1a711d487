import {
  type AskAdmit,
  type AskPlaces,
  buckets,
  decode,
  encode,
  lastToken,
  patterns,
  type RateAnswer,
  type RouterStats,
  type SpentTokens,
  subjects,
  textOf,
  type WireBackend,
  type WireCheckReport,
  type WireHealth,
  type WireObservation,
} from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';
import { Deafness, toBeat } from '@switchyard/health';
import { type BackendRow, findRow, qualityOf, type Snapshot } from '@switchyard/routing';
import { BackendMeasures } from './backend-measures.js';
import { Advice } from './advice.js';
import { BodyCache } from './body-cache.js';
import { seeingJumps } from './clock-jumps.js';
import type { RouterContext } from './context.js';
import { DoorWindows } from './door-windows.js';
import { Express } from './express.js';
import { Fleet } from './fleet.js';
import { Intake } from './intake.js';
import { JobFeed } from './job-feed.js';
import { learnedReport, Learning } from './learning.js';
import { Leadership } from './leadership.js';
import { LeftBehind, lookEveryMs } from './left-behind.js';
import { Places, waitingByClass } from './places.js';
import { Policy } from './policy.js';
import { PrefixStore } from './prefix-store.js';
import { Renewals } from './renewals.js';
import { Readings } from './readings.js';
import type { RoutedJob } from './routed-job.js';
import { countRunning } from './running-rates.js';
import { Stamps } from './stamps.js';
import type { ReadBody } from './to-routed-job.js';
import { Yard } from './yard.js';

const tickEveryMs = 1_000;
const reconcileEveryMs = 2_000;

/**
 * The router: one instance is active and holds the waiting room; others stand by, folding the same
 * facts. An instance that becomes active makes the submission consumers anew, so that everything
 * its predecessor held comes to it at once.
 */
export class Router {
  readonly #context: RouterContext;
  readonly #learning: Learning;
  readonly #measures: BackendMeasures;
  readonly #fleet: Fleet;
  readonly #readings: Readings;
  readonly #prefixStore: PrefixStore;
  readonly #bodies: BodyCache;
  readonly #yard: Yard;
  readonly #intake: Intake;
  readonly #feed: JobFeed;
  readonly #leadership: Leadership;
  readonly #deafness = new Deafness(tickEveryMs, performance.now());
  readonly #stops: (() => void)[] = [];
  /** For a door in this process; see there. */
  readonly express: Express;
  #renewals: Renewals;
  readonly #places: Places;
  readonly #doorWindows = new DoorWindows();
  readonly #policy: Policy;
  readonly #stamps: Stamps;
  readonly #advice: Advice;
  #unplace: () => void = () => {};
  #unanswer: () => void = () => {};
  #unadvise: () => void = () => {};
  #unadmit: () => void = () => {};

  constructor(given: RouterContext) {
    const context = { ...given, now: seeingJumps(given.now, (byMs) => this.#jumped(byMs)) };
    this.#context = context;
    const { bus, instanceId, log } = context;
    this.#learning = new Learning(context);
    this.#measures = new BackendMeasures(this.#learning);
    this.#fleet = new Fleet(context.now(), this.#measures);
    if (context.trialsMax !== undefined) this.#fleet.trialsMax = context.trialsMax;
    const [fleet, measures, learning] = [this.#fleet, this.#measures, this.#learning];
    this.#readings = new Readings({ fleet, measures, learning }, context.prefixCache);
    this.#prefixStore = new PrefixStore({ ...context, readings: this.#readings });
    this.#policy = new Policy(context.defaults);
    this.#bodies = new BodyCache(bus);
    this.#yard = new Yard(context, this.#fleet, this.#bodies, this.#readings);
    this.#places = new Places(this.#yard, context.now);
    this.#renewals = this.#newRenewals();
    this.#stamps = new Stamps({
      ...context.defaults,
      strategyFor: (kind) => this.#policy.strategyFor(kind),
      preferencesFor: (account) => this.#policy.preferencesFor(account),
    });
    const stamps = this.#stamps;
    const read: ReadBody = (job, strategy) => this.#readings.ofBody(job, strategy);
    const [policy, yard] = [this.#policy, this.#yard];
    const measured = () => this.#measured();
    this.#advice = new Advice({ context, policy, yard, stamps, read, measured });
    this.#intake = new Intake(context, this.#bodies, stamps, {
      admit: (job) => this.#admit(job),
      find: (jobId) => this.#yard.find(jobId),
      withdraw: (jobId) => this.#yard.withdraw(jobId),
      read,
      coolDown: (id, untilMs) => this.#fleet.foldCooldown(id, untilMs),
    });
    this.#feed = new JobFeed({
      ...context,
      take: (stream, delivery) => this.#intake.take(stream, delivery),
    });
    this.express = new Express({
      context,
      stamps,
      read,
      isOpen: () => this.#feed.isOpen && this.#yard.size === 0,
      send: (job, text, wire) => this.#yard.sendAtOnce(job, text, wire),
    });
    this.#leadership = new Leadership({
      bus,
      role: 'router',
      holder: instanceId,
      log,
      onGain: () => this.#takeOver(),
      onLose: () => this.#standBy(),
    });
  }

  get waitingJobs(): number {
    return this.#yard.size;
  }

  /** Every backend as decisions see it now. */
  get backends(): readonly BackendRow[] {
    return this.#fleet.snapshot.backends;
  }

  get isActive(): boolean {
    return this.#leadership.isLeading;
  }

  async start(): Promise<void> {
    const { lookAtClock = async () => {} } = this.#context;
    await lookAtClock();
    this.#every(lookEveryMs, lookAtClock);
    await this.#intake.start();
    this.#stops.push(await this.#yard.holds.start());
    await this.#learning.restore();
    await this.#followFleet();
    await this.#listen();
    await this.#leadership.start();
    // What the server had sent when the connection broke would come again after its long ack wait.
    const follow = (isConnected: boolean) => isConnected && this.#leadership.takeOverAgain();
    this.#stops.push(this.#context.bus.onStatus(follow));
    const left = new LeftBehind(this.#context, () => this.isActive && this.#yard.jobs());
    this.#every(lookEveryMs, () => left.look(() => this.#leadership.takeOverAgain()));
  }

  /** Takes no more jobs in and gives the role up; what waits stays in the streams. */
  async stop(): Promise<void> {
    if (this.isActive) await this.#learning.save();
    await this.#prefixStore.save();
    await this.#leadership.stop();
    for (const stop of this.#stops) stop();
  }

  async #takeOver(): Promise<void> {
    const { bus } = this.#context;
    await this.#closeIntake();
    await this.#prefixStore.takeOver();
    await this.#reconcile();
    await countRunning(bus, this.#fleet, this.#context.now());
    await this.#feed.open();
    // Only the router that has the room knows who waits in it.
    this.#unplace = await bus.answer(subjects.rpc('router', 'places'), 'router', (data) =>
      encode(this.#places.answer(decode<AskPlaces>(data))),
    );
    this.#unadmit = await bus.answer(subjects.rpc('router', 'admit'), 'router', (data) =>
      encode(this.#doorWindows.admit(decode<AskAdmit>(data), performance.now())),
    );
    this.#unadvise = await this.#advice.answer(bus);
    this.#unanswer = await bus.answer(subjects.rpc('router', 'learned'), 'router', () =>
      encode(learnedReport(this.#learning, this.#measured().backends)),
    );
  }

  /** Takes nothing in, and answers for nobody. */
  async #closeIntake(): Promise<void> {
    this.#unplace();
    this.#unanswer();
    this.#unadvise();
    this.#unadmit();
    await this.#feed.close();
  }

  async #standBy(): Promise<void> {
    const { bus } = this.#context;
    this.#prefixStore.standBy();
    await this.#closeIntake();
    this.#feed.forget();
    // Another router may have made the consumers anew already, and this one got some of the jobs.
    for (const { receipt } of this.#yard.jobs()) bus.settler.giveBack(receipt, 0);
    this.#yard.clear();
    this.#doorWindows.clear();
    this.#renewals = this.#newRenewals();
  }

  async #followFleet(): Promise<void> {
    const { bus, now } = this.#context;
    const registry = await bus.keyValues<WireBackend>(buckets.backends.name);
    const health = await bus.keyValues<WireHealth>(buckets.health.name);
    const settings = await bus.keyValues(buckets.settings.name);
    const whenReady = (watch: (ready: () => void) => Promise<() => void>) =>
      new Promise<void>((resolve, reject) => {
        watch(resolve).then((stop) => this.#stops.push(stop), reject);
      });
    await Promise.all([
      whenReady((ready) => registry.watch((id, record) => this.#foldBackend(id, record), ready)),
      whenReady((ready) =>
        health.watch((id, record) => {
          this.#fleet.foldHealth(id, record, now());
          if (record?.status === 'down') this.#readings.forgetPrefixes(id);
          this.#yard.schedule();
        }, ready),
      ),
      whenReady((ready) =>
        settings.watch((key, value) => {
          if (this.#policy.fold(key, value)) this.#stamps.forget();
        }, ready),
      ),
    ]);
  }

  #foldBackend(id: string, record: WireBackend | undefined): void {
    if (record) this.#yard.slots.resize(id, record.slots ?? 0);
    else this.#yard.slots.remove(id);
    this.#readings.foldBackend(id, record);
    this.#fleet.foldBackend(id, record, this.#context.now());
    this.#yard.schedule();
  }

  async #listen(): Promise<void> {
    const { bus, now } = this.#context;
    this.#stops.push(
      bus.listen(patterns.slotsFree, (subject, data) => {
        const [, , backendId = '', slot = ''] = subject.split('.');
        this.#yard.release(backendId, Number(slot), textOf(data));
      }),
      bus.listen(patterns.heartbeats, (subject, data) => {
        const beat = toBeat(decode(data));
        // What one says of another never counts.
        if (beat?.instanceId !== lastToken(subject)) return;
        this.#fleet.foldHeartbeat(beat, now());
        this.#yard.schedule();
      }),
      bus.listen(subjects.observed, (_subject, data) => {
        const observation = decode<WireObservation>(data);
        this.#learning.observe(observation);
        this.#readings.foldObservation(observation);
        this.#fleet.foldObservation(observation, now());
      }),
      bus.listen(subjects.checked, (_subject, data) => {
        const { backendId = '', kvUsedRatio } = decode<WireCheckReport>(data);
        this.#measures.foldKvUsed(backendId, kvUsedRatio);
      }),
      bus.listen(patterns.firstTokens, (subject, data) => {
        this.#readings.firstToken(lastToken(subject), textOf(data), now());
      }),
      bus.listen(subjects.rpc('router', 'spent'), (_subject, data) => {
        this.#doorWindows.spent(decode<SpentTokens>(data));
      }),
      bus.listen(patterns.cancels, (subject) => void this.#hearCancel(lastToken(subject))),
      bus.listen(patterns.ratings, (subject, data) => {
        const backendId = lastToken(subject);
        this.#learning.rate(backendId, decode<RateAnswer>(data));
        this.#measures.touch(backendId, now());
      }),
      await bus.answer(subjects.rpc('router', 'rate'), 'router', (data) => this.#rate(data)),
      await bus.answer(subjects.rpc('router', 'stats'), 'router', () => encode(this.#stats())),
    );
    this.#every(tickEveryMs, () => this.#tick());
    this.#every(reconcileEveryMs, () => void this.#reconcile().catch(() => {}));
  }

  /** Checks a rating, and tells it to every router, this one too. */
  #rate(data: Uint8Array): string {
    const asked = decode<RateAnswer>(data);
    const { backendId } = asked;
    if (!findRow(this.#fleet.snapshot, backendId)) {
      throw new AppError('not_found', `there is no backend "${backendId}"`);
    }
    if (qualityOf(asked) === undefined) {
      throw new AppError('invalid_request', 'no side of the answer is rated from 0 to 1');
    }
    this.#context.bus.emit(subjects.rated(backendId), encode(asked));
    return encode({});
  }

  /** The snapshot with all that was measured up to now. */
  #measured(): Snapshot {
    return this.#fleet.measured(this.#context.now());
  }

  #jumped(byMs: number): void {
    this.#context.log.warn({ jumpMs: byMs }, 'the clock of this machine jumped');
    this.#fleet.shiftClock(byMs);
    this.#yard.shiftClock(byMs);
  }

  #tick(): void {
    const nowMs = this.#context.now();
    const deafMs = this.#deafness.look(performance.now(), this.#context.bus.isConnected);
    if (deafMs > 0) this.#fleet.excuse(deafMs);
    this.#fleet.advance(nowMs);
    this.#learning.tick(nowMs, this.isActive);
    this.#prefixStore.tick();
    this.#renewals.tick(performance.now());
    this.#yard.expire();
    this.#yard.schedule();
  }

  /** The hint proves nothing: only a terminal cell takes a job out of the room. */
  async #hearCancel(jobId: string): Promise<void> {
    if (!this.#yard.find(jobId)) return;
    const current = await this.#context.bus.cells.read(jobId).catch(() => undefined);
    if (current?.cell.outcome) this.#yard.withdraw(jobId);
  }

  /** Puts the slot table in line with the server's list of occupied slots. */
  async #reconcile(): Promise<void> {
    const askedAtMonoMs = performance.now();
    const occupied = new Map<string, Set<number>>();
    for (const subject of Object.keys(
      await this.#context.bus.subjectsIn('DISPATCH', patterns.allDispatches),
    )) {
      const [, backendId = '', slot = ''] = subject.split('.');
      const slots = occupied.get(backendId) ?? new Set<number>();
      occupied.set(backendId, slots.add(Number(slot)));
    }
    this.#yard.reconcile(occupied, askedAtMonoMs);
  }

  #admit(job: RoutedJob): void {
    this.#yard.admit(job);
    // After the pass that this has asked for: most jobs are gone by then.
    queueMicrotask(() => {
      if (this.#yard.find(job.id)) this.#renewals.add(job.id, performance.now());
    });
  }

  #newRenewals(): Renewals {
    return new Renewals(this.#context.bus.settler, (jobId) => this.#yard.find(jobId));
  }

  #stats(): RouterStats {
    let oldestAtMs = this.#context.now();
    for (const job of this.#yard.jobs()) {
      oldestAtMs = Math.min(oldestAtMs, job.submittedAtMs);
    }
    const ids = [...this.#fleet.backendIds];
    return {
      strategy: this.#context.defaults.strategyFor('chat'),
      waiting: waitingByClass(this.#yard.jobs()),
      oldestWaitMs: this.#context.now() - oldestAtMs,
      inFlight: Object.fromEntries(ids.map((id) => [id, this.#yard.slots.inFlight(id)])),
      decisions: this.#yard.decisions,
    };
  }

  #every(periodMs: number, act: () => void): void {
    const timer = setInterval(act, periodMs);
    this.#stops.push(() => clearInterval(timer));
  }
}
