import { isDeepStrictEqual } from 'node:util';
import {
  type Announced,
  type DispatchHerald,
  encode,
  lastToken,
  patterns,
  subjects,
  type WireDispatch,
  type WireHeartbeat,
} from '@switchyard/contracts';
import { AppError, type Backend, type BackendKind, type BackendSource } from '@switchyard/domain';
import type { BackendDriver } from '@switchyard/drivers';
import { AttemptRunner } from './attempt-runner.js';
import { BackendRunner } from './backend-runner.js';
import type { ExecutorContext } from './context.js';
import { type DirectJob, DirectJobs, type DirectlySent } from './direct-jobs.js';

/** Everything an executor of one backend kind is made from. */
export type ExecutorOptions = ExecutorContext & {
  /** Name of the service, as heartbeats and nodes show it. */
  readonly service: string;
  readonly kind: BackendKind;
  readonly source: BackendSource;
  readonly makeDriver: (backend: Backend) => BackendDriver;
  /** How long a stop waits for running attempts before it hands them on. */
  readonly drainGraceMs: number;
  /** Asked before the start and with each heartbeat, where its `now` follows another clock. */
  readonly lookAtClock?: () => Promise<void>;
};

const heartbeatEveryMs = 10_000;
/** How long a change that could not be followed waits for the next try. */
const followAgainMs = 2_000;

/** What a driver is made from: a change of it needs new connections. */
const connectionOf = (backend: Backend) => ({
  endpointUrl: backend.endpointUrl,
  apiKey: backend.apiKey,
  modelAliases: backend.modelAliases,
  supportedModels: backend.supportedModels,
  timeoutsMs: [backend.requestTimeoutMs, backend.firstTokenTimeoutMs, backend.connectTimeoutMs],
  slots: backend.maxConcurrentRequests,
  allowedNetworks: backend.allowedNetworks,
});

/** An executor: runs the attempts of every backend of its kind, and says that it lives. */
export class Executor implements DispatchHerald {
  readonly #options: ExecutorOptions;
  readonly #runner: AttemptRunner;
  readonly #direct: DirectJobs;
  readonly #backends = new Map<string, BackendRunner>();
  readonly #stops: (() => void)[] = [];
  #following: Promise<void> = Promise.resolve();
  #again: NodeJS.Timeout | undefined;
  #startedAtMs = 0;
  #beats = 0;
  #isDraining = false;
  #drained: Promise<void> | undefined;
  readonly #leaving = new Set<Promise<void>>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#runner = new AttemptRunner(options);
    this.#direct = new DirectJobs(options, () => this.#backends.values());
  }

  get inFlight(): number {
    return this.#runner.inFlight;
  }

  /** True once it takes no more. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Slots of all its backends. */
  get slots(): number {
    let slots = 0;
    for (const runner of this.#backends.values()) slots += runner.slots;
    return slots;
  }

  async start(): Promise<void> {
    const { bus, source, ackWaitMs, now, executorId, lookAtClock } = this.#options;
    await lookAtClock?.();
    this.#startedAtMs = now();
    this.#every(ackWaitMs / 3, () => this.#runner.renew());
    this.#every(heartbeatEveryMs, () => {
      this.beat();
      void lookAtClock?.();
    });
    this.#stops.push(
      bus.listen(patterns.cancels, (subject) => this.#hearCancel(lastToken(subject))),
    );
    const subject = subjects.rpc(executorId, 'drain');
    const answer = () => {
      void this.drain();
      return encode({ inFlight: this.inFlight });
    };
    this.#stops.push(await bus.answer(subject, executorId, answer));
    this.#stops.push(bus.onStatus((isConnected) => isConnected && this.#back()));
    this.#stops.push(source.onChange(() => this.#follow()));
    this.#follow();
    await this.#following;
    this.beat();
  }

  /** Prepares for a dispatch on its way to a backend of ours; undefined where it is not here. */
  announce(dispatch: WireDispatch): Announced | undefined {
    const isServed = this.#backends.get(dispatch.backendId ?? '')?.isServing === true;
    return isServed && !this.#isDraining ? this.#runner.announce(dispatch) : undefined;
  }

  /** Runs a job on a backend of its own, past the router; see there. */
  async send(job: DirectJob): Promise<DirectlySent> {
    if (this.#isDraining) throw new AppError('draining', 'this executor takes no more');
    return this.#direct.send(job);
  }

  /**
   * Takes no more, lets running attempts end within the grace and hands the others on; says so
   * until it is stopped.
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  /** Drains, and says goodbye. */
  async stop(): Promise<void> {
    await this.drain();
    await Promise.all(this.#leaving);
    for (const stop of this.#stops.splice(0)) stop();
    await Promise.all([...this.#backends.values()].map((runner) => runner.close()));
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    clearTimeout(this.#again);
    this.beat();
    await this.#following;
    const { drainGraceMs } = this.#options;
    const runners = [...this.#backends.values()];
    await Promise.all(runners.map((runner) => runner.stopTaking(drainGraceMs)));
    if (this.#runner.inFlight > 0) {
      this.#runner.abandon();
      await Promise.all(runners.map((runner) => runner.stopTaking(drainGraceMs)));
    }
  }

  /** Brings the runners in line with the source, one change at a time. */
  #follow(): void {
    this.#following = this.#following.then(async () => {
      if (this.#isDraining) return;
      const { source, kind, log } = this.#options;
      const wanted = new Map(source.current().map((backend) => [backend.id, backend]));
      const steps = [...this.#backends.values()].map((runner): Promise<unknown> => {
        const backend = wanted.get(runner.backend.id);
        wanted.delete(runner.backend.id);
        return backend?.kind === kind ? this.#change(runner, backend) : this.#remove(runner);
      });
      for (const backend of wanted.values()) {
        if (backend.kind === kind && backend.isEnabled) steps.push(this.#add(backend));
      }
      const ended = await Promise.allSettled(steps);
      const failed = ended.find((each) => each.status === 'rejected');
      if (!failed) return;
      log.error({ err: String(failed.reason) }, 'a backend could not be started or changed yet');
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#follow(), followAgainMs);
      this.#again.unref();
    });
  }

  /** The connection to NATS is back: others may have missed what we said. */
  #back(): void {
    this.#runner.sendChunksAgain();
    this.beat();
  }

  async #add(backend: Backend): Promise<BackendRunner> {
    const runner = new BackendRunner(
      this.#options,
      backend,
      this.#options.makeDriver(backend),
      this.#runner,
    );
    this.#backends.set(backend.id, runner);
    await runner.start(() => this.beat());
    return runner;
  }

  /** Follows what changed: with other connections where it needs them, else where it stands. */
  async #change(runner: BackendRunner, backend: Backend): Promise<void> {
    if (isDeepStrictEqual(runner.backend, backend)) return;
    if (!backend.isEnabled) {
      await runner.showDisabled();
      this.#backends.delete(backend.id);
      this.beat();
      return this.#leave(runner);
    }
    if (isDeepStrictEqual(connectionOf(runner.backend), connectionOf(backend)))
      return runner.change(backend);
    const next = await this.#add(backend);
    next.replace(runner, this.#options.drainGraceMs);
  }

  async #remove(runner: BackendRunner): Promise<void> {
    await runner.unregister();
    this.#backends.delete(runner.backend.id);
    this.beat();
    this.#leave(runner);
  }

  /** Lets it end on its own: nobody waits for that but a stop. */
  #leave(runner: BackendRunner): void {
    const { drainGraceMs, log } = this.#options;
    const { id: backendId } = runner.backend;
    const isBack = () => this.#backends.has(backendId);
    const leaving = runner.leave(drainGraceMs, isBack).catch((cause) => {
      log.warn({ backendId, err: String(cause) }, 'a backend could not be left in order');
    });
    this.#leaving.add(leaving);
    void leaving.finally(() => this.#leaving.delete(leaving));
  }

  #hearCancel(jobId: string): void {
    const attempt = this.#runner.find(jobId);
    if (attempt) void this.#runner.obey(attempt).catch(() => {});
  }

  /** Says that it lives; also at once, for those who have just begun to listen. */
  beat(): void {
    const { bus, service, executorId, now } = this.#options;
    const runners = [...this.#backends.values()].filter(({ isServing }) => isServing);
    const heartbeat: WireHeartbeat = {
      instanceId: executorId,
      service,
      atMs: now(),
      startedAtMs: this.#startedAtMs,
      seq: this.#beats,
      state: this.#isDraining ? 'draining' : 'active',
      inFlight: this.#runner.inFlight,
      capacity: this.slots,
      backends: runners.map((runner) => runner.backend.id),
    };
    this.#beats += 1;
    bus.emit(subjects.heartbeat(service, executorId), encode(heartbeat));
  }

  #every(periodMs: number, act: () => void): void {
    const timer = setInterval(act, periodMs);
    timer.unref();
    this.#stops.push(() => clearInterval(timer));
  }
}
