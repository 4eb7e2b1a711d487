import type { Bus, KeyValues, Lease } from '@switchyard/bus';
import {
  buckets,
  decode,
  lastToken,
  patterns,
  subjects,
  type WireBackend,
  type WireCheckReport,
  type WireHealth,
  type WireObservation,
} from '@switchyard/contracts';
import { AppError, type Log } from '@switchyard/domain';
import {
  type BackendHealth,
  type BreakerSettings,
  Gossip,
  type Instance,
  Instances,
  toBeat,
  Deafness,
} from '@switchyard/health';
import type { Metrics } from '@switchyard/telemetry';
import { followCheckReports } from './check-reports.js';
import { HealthAlerts } from './health-alerts.js';
import { HealthTable } from './health-table.js';
import { answerForMonitor } from './monitor-answers.js';
import { nodeRows } from './node-rows.js';

/** The part of the configuration that a monitor reads. */
type MonitorConfig = { readonly breaker: Partial<BreakerSettings> };

/** What a health monitor is made from. */
export type HealthMonitorDeps = {
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly instanceId: string;
  /** The part of the configuration that it reads. @default that of libs/health */
  readonly config?: MonitorConfig;
  /** Tells of changes of the configuration while it runs. */
  readonly reloads?: { onChange(listener: (config: MonitorConfig) => void): () => void };
  /** Unix ms. @default Date.now */
  readonly now?: () => number;
  /** Milliseconds that only pass. @default performance.now, or `now` where that is given */
  readonly steadyNow?: () => number;
  /** Hands over every check report. @default as a Nest microservice */
  readonly followReports?: typeof followCheckReports;
};

const role = 'health-monitor';
const tickEveryMs = 1_000;
/** A dead monitor is replaced after this long at the latest. */
const leaseTtlMs = 3_000;

const score: Readonly<Record<Exclude<BackendHealth['status'], 'unknown'>, number>> = {
  healthy: 1,
  degraded: 0.5,
  down: 0,
};

/**
 * Keeps the health of every backend and the liveness of every instance.
 *
 * - Executors check their own backends and tell the results; folded with how attempts went, they
 *   become the health that everybody reads in the bucket.
 * - One monitor is active, by lease. The others listen to heartbeats and wait; whoever takes over
 *   begins with what is in the bucket, and with the reports that its predecessor did not finish.
 */
export class HealthMonitor {
  readonly #deps: Omit<Required<HealthMonitorDeps>, 'config' | 'reloads' | 'steadyNow'>;
  /**
   * Milliseconds for what only passes here, such as the age of a heartbeat: a wall clock that is
   * put ten minutes forward would make every instance dead.
   */
  readonly #steadyNow: () => number;
  readonly #table: HealthTable;
  readonly #gossip = new Gossip();
  readonly #alerts: HealthAlerts;
  readonly #instances: Instances;
  readonly #died: Instance[] = [];
  readonly #stops: (() => void)[] = [];
  #bucket: KeyValues<WireHealth> | undefined;
  /** The revision of each backend's health that was last read or written here. */
  readonly #revisions = new Map<string, number>();
  #lease: Lease | undefined;
  #stopLeading: (() => Promise<void>) | undefined;
  #turn: Promise<void> = Promise.resolve();
  #showing: Promise<void> | undefined;

  constructor({ now = Date.now, config, reloads, steadyNow, ...deps }: HealthMonitorDeps) {
    this.#deps = { followReports: followCheckReports, ...deps, now };
    this.#steadyNow = steadyNow ?? (now === Date.now ? () => performance.now() : now);
    this.#table = new HealthTable(Math.random, config?.breaker);
    const unreload = reloads?.onChange(({ breaker }) => {
      this.#table.settings = breaker;
    });
    if (unreload) this.#stops.push(unreload);
    this.#alerts = new HealthAlerts(this.#deps);
    this.#instances = new Instances(this.#steadyNow());
    deps.metrics.gauge('lb_backend_health_score', () => this.#scores());
    deps.metrics.declare('switchyard_strange_messages_total');
  }

  /** True while this instance is the one that writes. */
  get isActive(): boolean {
    return this.#stopLeading !== undefined;
  }

  async start(): Promise<void> {
    const { bus } = this.#deps;
    this.#bucket = await bus.keyValues<WireHealth>(buckets.health.name);
    const registry = await bus.keyValues<WireBackend>(buckets.backends.name);
    await new Promise<void>((resolve, reject) => {
      const tell = (id: string, record: WireBackend | undefined) => this.#foldBackend(id, record);
      registry.watch(tell, resolve).then((stop) => this.#stops.push(stop), reject);
    });
    this.#listen(patterns.heartbeats, (heard, subject) => {
      const beat = toBeat(heard);
      const verdict = beat
        ? this.#instances.hear(lastToken(subject), beat, this.#steadyNow())
        : 'malformed';
      if (verdict !== 'taken') this.#strange('heartbeat', verdict);
    });
    this.#listen(subjects.observed, (heard) => {
      if (!this.isActive) return;
      const { backendId = '' } = heard as WireObservation;
      if (!this.#table.isRegistered(backendId)) this.#strange('observation', 'unknown_backend');
      this.#table.foldAttempt(heard, this.#deps.now());
      void this.#show();
    });
    await this.tick();
    const deafness = new Deafness(tickEveryMs, performance.now());
    const timer = setInterval(() => {
      const deafMs = deafness.look(performance.now(), bus.isConnected);
      this.#instances.excuse(deafMs, this.#steadyNow());
      void this.tick();
    }, tickEveryMs);
    timer.unref();
    this.#stops.push(() => clearInterval(timer));
  }

  /** Stops and gives the role up, so that another takes it at once. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#turn;
    await this.#standBy();
    if (this.#lease) await this.#deps.bus.leases.release(this.#lease).catch(() => {});
  }

  /** Takes, keeps or loses the role, and lets time pass: every second, one after the other. */
  tick(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#step());
    return this.#turn;
  }

  async #step(): Promise<void> {
    try {
      const nowMs = this.#deps.now();
      const steadyMs = this.#steadyNow();
      this.#advance(steadyMs);
      this.#gossip.keep((id) => this.#instances.has(id));
      const isHeld = await this.#holdsRole();
      if (isHeld && !this.isActive) await this.#lead();
      if (!isHeld && this.isActive) await this.#standBy();
      if (!this.isActive) this.#died.length = 0;
      if (!this.isActive) return;
      for (const instance of this.#died.splice(0)) this.#alerts.instance(instance);
      for (const backendId of this.#table.registered) {
        if (!this.#instances.isAbandoned(backendId, steadyMs)) continue;
        this.#table.foldAbandoned(backendId, nowMs);
      }
      this.#table.advanceBreakers(nowMs);
      this.#table.forgetStrangers(nowMs);
      await this.#show();
      await this.#alerts.flush();
    } catch (caught) {
      this.#warn('the monitor cannot go on now', caught);
    }
  }

  async #holdsRole(): Promise<boolean> {
    const { leases } = this.#deps.bus;
    const held = this.#lease && (await leases.renew(this.#lease, leaseTtlMs));
    this.#lease = held ?? (await leases.acquire(role, this.#deps.instanceId, leaseTtlMs));
    return this.#lease !== undefined;
  }

  /** Begins with what others see; what a removed backend left behind goes. */
  async #lead(): Promise<void> {
    const { bus, log, now, followReports } = this.#deps;
    const shown = new Map<string, WireHealth>();
    this.#revisions.clear();
    for (const { key, value, revision } of (await this.#bucket?.all()) ?? []) {
      this.#revisions.set(key, revision);
      if (this.#table.isRegistered(key)) shown.set(key, value);
      else {
        await this.#bucket?.delete(key);
        this.#revisions.delete(key);
      }
    }
    this.#table.load(shown);
    const take = (report: WireCheckReport) => {
      this.#table.foldCheck(report, now());
      void this.#show();
    };
    const stopReports = await followReports(bus, log, { take });
    const stopAnswering = await answerForMonitor({
      bus,
      table: this.#table,
      nodes: () => this.#nodes(),
      gossip: (said) => this.#hearGossip(said),
      now,
      onMoved: () => this.#show(),
    });
    this.#stopLeading = async () => {
      stopAnswering();
      await stopReports();
    };
    log.info({ role }, 'active');
  }

  /** Lets time pass; who died is told at the next tick. */
  #advance(steadyMs: number): void {
    this.#died.push(...this.#instances.advance(steadyMs));
  }

  #nodes() {
    const clock = { nowMs: this.#deps.now(), steadyMs: this.#steadyNow() };
    this.#advance(clock.steadyMs);
    return { nodes: nodeRows(this.#instances, this.#gossip, clock) };
  }

  #hearGossip(said: object) {
    const verdict = this.#gossip.hear(said, (id) => this.#instances.has(id));
    if (verdict !== 'taken') this.#strange('gossip', verdict);
    return verdict;
  }

  #strange(message: string, reason: string): void {
    this.#deps.metrics.count('switchyard_strange_messages_total', [message, reason]);
  }

  async #standBy(): Promise<void> {
    const stopLeading = this.#stopLeading;
    this.#stopLeading = undefined;
    await stopLeading?.();
    await this.#showing;
  }

  #foldBackend(backendId: string, record: WireBackend | undefined): void {
    if (record) {
      this.#table.register(backendId);
      if (this.isActive) void this.#show();
      return;
    }
    this.#table.remove(backendId);
    this.#revisions.delete(backendId);
    if (!this.isActive) return;
    this.#bucket?.delete(backendId).catch((cause) => this.#warn('health was not removed', cause));
  }

  /** Writes what others do not see yet, one pass at a time: a pass takes in what came during it. */
  #show(): Promise<void> {
    this.#showing ??= this.#showAll().finally(() => {
      this.#showing = undefined;
    });
    return this.#showing;
  }

  async #showAll(): Promise<void> {
    for (let news = this.#table.unshown(); news.size > 0; news = this.#table.unshown()) {
      for (const [backendId, health] of news) {
        if (!this.isActive) return;
        try {
          await this.#write(backendId, health);
        } catch (caught) {
          // Tried again with the next news or tick.
          this.#warn('health could not be written', caught);
          return;
        }
      }
    }
  }

  /** Writes over what was last read; where another wrote in between, its word counts. */
  async #write(backendId: string, health: WireHealth): Promise<void> {
    const bucket = this.#bucket;
    const before = this.#table.shownOf(backendId);
    const revision = await bucket?.replace(backendId, health, this.#revisions.get(backendId));
    if (revision !== undefined) {
      this.#revisions.set(backendId, revision);
      this.#alerts.backend(backendId, before, health);
      if (this.#table.showed(backendId, health)) {
        const { breaker, breakerReason: reason } = health;
        this.#deps.log.info({ backendId, breaker, reason }, 'the breaker moved');
      }
      return;
    }
    const current = await bucket?.get(backendId);
    if (current) this.#revisions.set(backendId, current.revision);
    else this.#revisions.delete(backendId);
    if (current) this.#table.adopt(backendId, current.value);
  }

  *#scores(): Iterable<readonly [readonly string[], number]> {
    if (!this.isActive) return;
    for (const [backendId, { status }] of this.#table.entries()) {
      if (status !== 'unknown') yield [[backendId], score[status]];
    }
  }

  /** Listens to messages that anybody may send: what cannot be read is no message. */
  #listen(pattern: string, hear: (heard: object, subject: string) => void): void {
    const stop = this.#deps.bus.listen(pattern, (subject, data) => {
      try {
        hear(decode(data), subject);
      } catch (caught) {
        this.#strange(subject.startsWith('heartbeat') ? 'heartbeat' : 'observation', 'malformed');
        this.#deps.log.debug({ subject, err: AppError.from(caught).message }, 'not a message');
      }
    });
    this.#stops.push(stop);
  }

  #warn(message: string, cause: unknown): void {
    this.#deps.log.warn({ err: AppError.from(cause).message }, message);
  }
}
