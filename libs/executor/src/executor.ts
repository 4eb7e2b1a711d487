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
import type { Backend, BackendKind, BackendSource } from '@switchyard/domain';
import type { BackendDriver } from '@switchyard/drivers';
import { AttemptRunner } from './attempt-runner.js';
import { BackendRunner } from './backend-runner.js';
import type { ExecutorContext } from './context.js';

/** Everything an executor of one backend kind is made from. */
export type ExecutorOptions = ExecutorContext & {
  /** Name of the service, as heartbeats and nodes show it. */
  readonly service: string;
  readonly kind: BackendKind;
  readonly source: BackendSource;
  readonly makeDriver: (backend: Backend) => BackendDriver;
  /** How long a stop waits for running attempts before it hands them on. */
  readonly drainGraceMs: number;
};

const heartbeatEveryMs = 10_000;

/** An executor: runs the attempts of every backend of its kind, and says that it lives. */
export class Executor implements DispatchHerald {
  readonly #options: ExecutorOptions;
  readonly #runner: AttemptRunner;
  readonly #backends = new Map<string, BackendRunner>();
  readonly #stops: (() => void)[] = [];
  #following: Promise<void> = Promise.resolve();
  #startedAtMs = 0;
  #beats = 0;
  #isDraining = false;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#runner = new AttemptRunner(options);
  }

  get inFlight(): number {
    return this.#runner.inFlight;
  }

  async start(): Promise<void> {
    const { bus, source, ackWaitMs, now } = this.#options;
    this.#startedAtMs = now();
    this.#every(ackWaitMs / 3, () => this.#runner.renew());
    this.#every(heartbeatEveryMs, () => this.beat());
    this.#stops.push(
      bus.listen(patterns.cancels, (subject) => this.#hearCancel(lastToken(subject))),
    );
    this.#stops.push(source.onChange(() => this.#follow()));
    this.#follow();
    await this.#following;
    this.beat();
  }

  /** Prepares for a dispatch on its way to a backend of ours; undefined where it is not here. */
  announce(dispatch: WireDispatch): Announced | undefined {
    const isHere = !this.#isDraining && this.#backends.has(dispatch.backendId ?? '');
    return isHere ? this.#runner.announce(dispatch) : undefined;
  }

  /**
   * Takes no more, lets running attempts end within the grace, hands the others on, and says
   * goodbye.
   */
  async stop(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.beat();
    await this.#following;
    const { drainGraceMs } = this.#options;
    const runners = [...this.#backends.values()];
    await Promise.all(runners.map((runner) => runner.stopTaking(drainGraceMs)));
    if (this.#runner.inFlight > 0) {
      this.#runner.abandon();
      await Promise.all(runners.map((runner) => runner.stopTaking(drainGraceMs)));
    }
    for (const stop of this.#stops) stop();
    await Promise.all(runners.map((runner) => runner.close()));
  }

  /** Brings the runners in line with the source, one change at a time. */
  #follow(): void {
    this.#following = this.#following.then(async () => {
      const { source, kind, log } = this.#options;
      const wanted = source
        .current()
        .filter((backend) => backend.kind === kind && backend.isEnabled);
      const ids = new Set(wanted.map((backend) => backend.id));
      const gone = [...this.#backends.values()].filter((runner) => !ids.has(runner.backend.id));
      await Promise.all([
        ...wanted.filter(({ id }) => !this.#backends.has(id)).map((backend) => this.#add(backend)),
        ...gone.map((runner) => this.#remove(runner)),
      ]).catch((cause) => log.error({ err: String(cause) }, 'a backend could not be started'));
    });
  }

  async #add(backend: Backend): Promise<void> {
    if (this.#isDraining) return;
    const runner = new BackendRunner(
      this.#options,
      backend,
      this.#options.makeDriver(backend),
      this.#runner,
    );
    this.#backends.set(backend.id, runner);
    await runner.start();
    this.beat();
  }

  async #remove(runner: BackendRunner): Promise<void> {
    this.#backends.delete(runner.backend.id);
    await runner.unregister();
    await runner.stopTaking(this.#options.drainGraceMs);
    await runner.close();
  }

  #hearCancel(jobId: string): void {
    const attempt = this.#runner.find(jobId);
    if (attempt) void this.#runner.obey(attempt).catch(() => {});
  }

  /** Says that it lives; also at once, for those who have just begun to listen. */
  beat(): void {
    const { bus, service, executorId, now } = this.#options;
    const runners = [...this.#backends.values()];
    const heartbeat: WireHeartbeat = {
      instanceId: executorId,
      service,
      atMs: now(),
      startedAtMs: this.#startedAtMs,
      seq: this.#beats,
      state: this.#isDraining ? 'draining' : 'active',
      inFlight: this.#runner.inFlight,
      capacity: runners.reduce((sum, runner) => sum + runner.slots, 0),
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
