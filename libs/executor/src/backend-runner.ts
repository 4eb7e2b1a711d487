import type { Consumption } from '@switchyard/bus';
import { setTimeout as delay } from 'node:timers/promises';
import {
  buckets,
  consumers,
  encode,
  patterns,
  subjects,
  type WireBackend,
} from '@switchyard/contracts';
import { AppError, type Backend, type Catalogue, type JobKind } from '@switchyard/domain';
import type { BackendDriver, CheckResult } from '@switchyard/drivers';
import type { AttemptRunner } from './attempt-runner.js';
import { backendRecord, slotsOf } from './backend-record.js';
import type { ExecutorContext } from './context.js';
import { tariffsAt } from './cost.js';
import { withoutKey } from './without-key.js';

const checkEveryMs = 30_000;
const checkAgainMs = 2_000;
/** Of a backend that says how full its cache is: as often as it would be scraped. */
const checkLoadEveryMs = 10_000;
const checkTimeoutMs = 10_000;
/** Attempts on a backend that is taken away may end within this; their jobs move within 5 s. */
const leaveGraceMs = 2_000;
const leaveLookMs = 500;
const leaveWatchMs = 30_000;
/** How long a start that failed waits for the next try, at first and at the longest. */
const startAgainFirstMs = 250;
const startAgainLastMs = 15_000;

/**
 * One backend of an executor: its record in the registry, its checks, and its consumer of
 * dispatches. The first check comes before the record, so that a backend appears with what it
 * serves; a backend that does not answer is registered all the same and checked again soon.
 */
export class BackendRunner {
  readonly #context: ExecutorContext;
  readonly #held: { backend: Backend; readonly driver: BackendDriver; isLeaving: boolean };
  readonly #runner: AttemptRunner;
  readonly #stop = new AbortController();
  #catalogue: Catalogue | undefined;
  #consumption: Consumption | undefined;
  /** The one whose place it took, until nothing runs there any longer. */
  #before: BackendRunner | undefined;
  #timer: NodeJS.Timeout | undefined;
  #registered = '';
  #slots = 0;
  #onChange: () => void = () => {};

  constructor(
    context: ExecutorContext,
    backend: Backend,
    driver: BackendDriver,
    runner: AttemptRunner,
  ) {
    this.#context = context;
    this.#held = { backend, driver, isLeaving: false };
    this.#runner = runner;
  }

  get backend(): Backend {
    return this.#held.backend;
  }

  /** 0 while it is not served. */
  get slots(): number {
    return this.isServing ? this.#slots : 0;
  }

  /** True while its dispatches come here. */
  get isServing(): boolean {
    return this.#consumption?.isHealthy === true;
  }

  /** True where it has the model for jobs of this kind, by its catalogue or its settings. */
  runs(model: string, kind: JobKind): boolean {
    const { modelAliases, supportedModels } = this.backend;
    const name = modelAliases[model] ?? model;
    if (!this.#catalogue) return supportedModels.includes(model);
    return this.#catalogue.models.some(({ id, kinds }) => id === name && kinds.includes(kind));
  }

  /** True where anything that it does has a price now. */
  get costsMoney(): boolean {
    const nowMs = this.#context.now();
    const { tariff, modelTariffs = {} } = tariffsAt(this.backend, this.#catalogue, nowMs);
    const all = [tariff, ...Object.values(modelTariffs)];
    return all.some((prices) => Object.values(prices).some((price) => Number(price) > 0));
  }

  /**
   * Starts serving; resolves after the first try. Where that fails it tries again, ever less often,
   * until it is taken away. Calls `onChange` whenever it begins to serve, or cannot any longer.
   */
  async start(onChange: () => void): Promise<void> {
    this.#onChange = onChange;
    await this.#begin(startAgainFirstMs);
  }

  async #begin(againMs: number): Promise<void> {
    try {
      await this.#check();
      if (this.#stop.signal.aborted) return;
      await this.#consume();
    } catch (cause) {
      if (this.#stop.signal.aborted) return;
      clearTimeout(this.#timer);
      const err = AppError.from(cause).message;
      const { log } = this.#context;
      log.error({ backendId: this.backend.id, err, againMs }, 'a backend could not be served yet');
      this.#timer = setTimeout(
        () => void this.#begin(Math.min(2 * againMs, startAgainLastMs)),
        againMs,
      );
      this.#timer.unref();
    }
  }

  /** Takes no more; what runs goes on. */
  async stopTaking(graceMs: number): Promise<void> {
    this.#stop.abort(new Error('stopping'));
    clearTimeout(this.#timer);
    if (this.#consumption) await this.#context.bus.stopConsuming(this.#consumption, graceMs);
  }

  async close(): Promise<void> {
    await this.#held.driver.close();
  }

  /**
   * Takes the place of one with other connections: that takes no more, and what has not ended there
   * within `graceMs` is handed on.
   */
  replace(before: BackendRunner, graceMs: number): void {
    this.#before = before;
    void before
      .#empty(graceMs)
      .then(() => before.close())
      .catch((cause) => this.#warn('its old connections could not be closed in order', cause))
      .then(() => {
        this.#before = undefined;
      });
  }

  /** Takes no more, and hands on what has not ended within `graceMs`. */
  async #empty(graceMs: number): Promise<void> {
    await this.stopTaking(graceMs);
    this.#abandon(true);
    await this.stopTaking(leaveGraceMs);
  }

  /** Stops what runs on its connections, and on those it had before. */
  #abandon(isForced: boolean): void {
    this.#runner.abandonBackend(this.#held, isForced);
    if (this.#before) this.#before.#abandon(isForced);
  }

  /** Takes the backend off the registry; for a backend that is gone for good. */
  async unregister(): Promise<void> {
    // A check under way must not write it again.
    this.#stop.abort(new Error('leaving'));
    const registry = await this.#context.bus.keyValues<WireBackend>(buckets.backends.name);
    await registry.delete(this.backend.id);
  }

  /** Takes over settings that need no new connection, and tells them. */
  async change(backend: Backend): Promise<void> {
    this.#held.backend = backend;
    await this.#register();
  }

  /**
   * Takes the backend out of use. What is dispatched to it still is handed on at once; attempts
   * under way have a moment, streams that have begun as long as `streamGraceMs`. Resolves once
   * nothing of it is left. `isBack`: true where it is in use here again meanwhile.
   */
  async leave(streamGraceMs: number, isBack: () => boolean): Promise<void> {
    const { bus } = this.#context;
    const { id } = this.backend;
    this.#held.isLeaving = true;
    this.#stop.abort(new Error('leaving'));
    clearTimeout(this.#timer);
    const abandon = setTimeout(() => this.#abandon(false), leaveGraceMs);
    const untilMonoMs = performance.now() + leaveWatchMs;
    do await delay(leaveLookMs);
    while ((await this.#hasDispatches()) && performance.now() < untilMonoMs);
    clearTimeout(abandon);
    await this.#empty(streamGraceMs);
    const isEmpty = !(await this.#hasDispatches());
    if (isEmpty && !isBack()) await bus.removeConsumer(consumers.dispatches(id));
    await this.close();
  }

  /** Leaves the record where everybody sees it, as one that is not in use. */
  async showDisabled(): Promise<void> {
    this.#held.backend = { ...this.backend, isEnabled: false };
    await this.#register();
  }

  async #hasDispatches(): Promise<boolean> {
    const pattern = patterns.dispatches(this.backend.id);
    const found = await this.#context.bus.subjectsIn('DISPATCH', pattern).catch(() => undefined);
    return found === undefined || Object.keys(found).length > 0;
  }

  async #consume(): Promise<void> {
    const { bus, log, ackWaitMs } = this.#context;
    const consumption = await bus.consume({
      consumer: consumers.dispatches(this.backend.id, ackWaitMs),
      // Slots bound what can be there at all; the gate only keeps a margin for redeliveries.
      concurrency: Math.max(2, this.#slots * 2),
      handle: (delivery) => this.#runner.handle(delivery, this.#held),
      onHealth: () => this.#onChange(),
      onProblem: (problem, cause) =>
        log.warn(
          { backendId: this.backend.id, err: cause instanceof Error ? cause.message : undefined },
          problem,
        ),
    });
    this.#consumption = consumption;
    this.#onChange();
    // Taken away meanwhile: nobody else would end it.
    if (this.#stop.signal.aborted && !this.#held.isLeaving) await bus.stopConsuming(consumption);
  }

  async #check(): Promise<void> {
    clearTimeout(this.#timer);
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(checkTimeoutMs)]);
    const result = await this.#held.driver.check(signal).catch((cause): CheckResult => {
      const message = cause instanceof Error ? cause.message : 'the check failed';
      return { kind: 'failed', durationMs: checkTimeoutMs, code: 'upstream_timeout', message };
    });
    if (this.#stop.signal.aborted) return;
    if (result.kind === 'passed') this.#catalogue = result.catalogue;
    this.#checkLater(result);
    await this.#register();
    this.#report(result);
  }

  #checkLater(result: CheckResult): void {
    const everyMs = nextCheckMs(result);
    // Up to a tenth earlier or later, so that many executors do not check in step.
    const jitterMs = everyMs * 0.2 * (Math.random() - 0.5);
    this.#timer = setTimeout(
      () => void this.#check().catch((cause) => this.#warn('a check could not be reported', cause)),
      everyMs + jitterMs,
    );
    this.#timer.unref();
  }

  /** Writes the record where it changed. */
  async #register(): Promise<void> {
    this.#slots = slotsOf(this.backend, this.#catalogue);
    const nowMs = this.#context.now();
    const record = backendRecord(this.backend, this.#catalogue, nowMs);
    const text = encode(record);
    if (text === this.#registered) return;
    const registry = await this.#context.bus.keyValues<WireBackend>(buckets.backends.name);
    await registry.put(this.backend.id, { ...record, updatedAtMs: nowMs });
    this.#registered = text;
  }

  #report(result: CheckResult): void {
    const report = {
      backendId: this.backend.id,
      ok: result.kind === 'passed',
      checkDurationMs: Math.round(result.durationMs),
      ...(result.kind === 'passed' ? { kvUsedRatio: result.kvUsedRatio } : {}),
      atMs: this.#context.now(),
      ...(result.kind === 'failed'
        ? { failureCode: result.code, message: withoutKey(result.message, this.backend.apiKey) }
        : {}),
    };
    this.#context.bus.emit(subjects.checked, encode(report));
  }

  #warn(what: string, cause: unknown): void {
    const err = cause instanceof Error ? cause.message : String(cause);
    this.#context.log.warn({ backendId: this.backend.id, err }, what);
  }
}

function nextCheckMs(result: CheckResult): number {
  if (result.kind !== 'passed' || result.catalogue.models.length === 0) return checkAgainMs;
  return result.kvUsedRatio === undefined ? checkEveryMs : checkLoadEveryMs;
}
