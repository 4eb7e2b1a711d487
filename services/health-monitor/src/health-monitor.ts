import type { Bus, KeyValues } from '@switchyard/bus';
import {
  buckets,
  decode,
  encode,
  type NodeList,
  patterns,
  subjects,
  type WireBackend,
  type WireCheckReport,
  type WireHealth,
  type WireHeartbeat,
  type WireObservation,
} from '@switchyard/contracts';
import { AppError, isFailureCode, type Log } from '@switchyard/domain';
import { type BackendHealth, foldAttempt, foldCheck, neverChecked } from '@switchyard/health';
import type { Metrics } from '@switchyard/telemetry';
import { Instances } from './instances.js';

/** What a health monitor is made from. */
export type HealthMonitorDeps = {
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now?: () => number;
};

const score: Readonly<Record<BackendHealth['status'], number>> = {
  healthy: 1,
  degraded: 0.5,
  unknown: 0.5,
  down: 0,
};

/**
 * Keeps the health of every backend and the liveness of every instance. Executors check their own
 * backends and tell the results; this service folds them with how attempts went and writes what
 * changed. What was written is what a restarted monitor begins with.
 */
export class HealthMonitor {
  readonly #bus: Bus;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #instances = new Instances();
  readonly #health = new Map<string, BackendHealth>();
  readonly #written = new Map<string, string>();
  readonly #stops: (() => void)[] = [];
  #bucket: KeyValues<WireHealth> | undefined;

  constructor({ bus, log, metrics, now = Date.now }: HealthMonitorDeps) {
    this.#bus = bus;
    this.#log = log;
    this.#now = now;
    metrics.gauge('lb_backend_health_score', () =>
      [...this.#health].map(([id, health]) => [[id], score[health.status]] as const),
    );
  }

  async start(): Promise<void> {
    const bus = this.#bus;
    const bucket = await bus.keyValues<WireHealth>(buckets.health.name);
    this.#bucket = bucket;
    for (const { key, value } of await bucket.all()) this.#health.set(key, fromWire(value));
    const registry = await bus.keyValues<WireBackend>(buckets.backends.name);
    this.#stops.push(await registry.watch((id, record) => record ?? this.#forget(id)));
    this.#stops.push(
      bus.listen(patterns.heartbeats, (_subject, data) =>
        this.#instances.hear(decode<WireHeartbeat>(data), this.#now()),
      ),
      bus.listen(subjects.checked, (_subject, data) =>
        this.#foldCheck(decode<WireCheckReport>(data)),
      ),
      bus.listen(subjects.observed, (_subject, data) =>
        this.#foldAttempt(decode<WireObservation>(data)),
      ),
      bus.answer(subjects.rpc('health-monitor', 'nodes'), 'health-monitor', () =>
        encode(this.#nodes()),
      ),
    );
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
  }

  #nodes(): NodeList {
    return { nodes: this.#instances.rows(this.#now()) };
  }

  #foldCheck(report: WireCheckReport): void {
    const { backendId = '', ok = false, checkDurationMs = 0, message = '', atMs = 0 } = report;
    const check = { isOk: ok, durationMs: checkDurationMs, message, atMs };
    this.#replace(backendId, foldCheck(this.#of(backendId), check));
  }

  #foldAttempt(observation: WireObservation): void {
    const { backendId = '', failureCode, retryAfterMs, atMs = 0 } = observation;
    const code = isFailureCode(failureCode) ? failureCode : undefined;
    this.#replace(
      backendId,
      foldAttempt(this.#of(backendId), { failureCode: code, retryAfterMs, atMs }),
    );
  }

  #of(backendId: string): BackendHealth {
    return this.#health.get(backendId) ?? neverChecked;
  }

  /** Keeps the newer health, and writes it where what others read of it changed. */
  #replace(backendId: string, health: BackendHealth): void {
    this.#health.set(backendId, health);
    const { status, message, cooldownUntilMs, consecutiveFailures } = health;
    const seen = JSON.stringify([status, message, cooldownUntilMs, consecutiveFailures]);
    if (this.#written.get(backendId) === seen) return;
    this.#written.set(backendId, seen);
    void this.#bucket
      ?.put(backendId, { backendId, breaker: 'closed', ...health })
      .catch((cause) => {
        this.#written.delete(backendId);
        this.#log.warn(
          { backendId, err: AppError.from(cause).message },
          'health could not be written',
        );
      });
  }

  #forget(backendId: string): void {
    this.#health.delete(backendId);
    this.#written.delete(backendId);
    void this.#bucket?.delete(backendId).catch(() => {});
  }
}

const fromWire = (wire: WireHealth): BackendHealth => ({
  status: (wire.status as BackendHealth['status']) ?? 'unknown',
  consecutiveFailures: wire.consecutiveFailures ?? 0,
  checkedAtMs: wire.checkedAtMs ?? 0,
  checkDurationMs: wire.checkDurationMs ?? 0,
  message: wire.message ?? '',
  cooldownUntilMs: wire.cooldownUntilMs ?? 0,
});
