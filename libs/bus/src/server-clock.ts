import type { Log } from '@switchyard/domain';
import type { Bus } from './bus.js';

/** A clock further off than this is put right; below, the way to the server is the error. */
const offMsMax = 5_000;
/** An answer that took longer says too little of when it was given. */
const answerMsMax = 2_000;

type Means = {
  readonly bus: Pick<Bus, 'streamState'>;
  readonly log: Log;
  /** The clock of this machine, Unix ms. */
  readonly wallMs: () => number;
};

/**
 * The time of this machine, put right by that of the NATS server where the two are minutes apart.
 *
 * Deadlines, and the instants before which a backend takes nothing, are told by others: an executor
 * or a router whose own clock is ten minutes ahead would end every job at once, or let it wait for
 * as long.
 */
export class ServerClock {
  readonly #means: Means;
  #offMs = 0;

  constructor(means: Means) {
    this.#means = means;
  }

  /** Unix ms. */
  nowMs(): number {
    return this.#means.wallMs() - this.#offMs;
  }

  /** Asks the server for its time; where it does not answer, what was found before holds. */
  async look(): Promise<void> {
    const { bus, log, wallMs } = this.#means;
    const askedAtMonoMs = performance.now();
    const state = await bus.streamState('DISPATCH').catch(() => undefined);
    const tookMs = performance.now() - askedAtMonoMs;
    if (!state?.serverAtMs || tookMs > answerMsMax) return;
    const offMs = Math.round(wallMs() - tookMs / 2 - state.serverAtMs);
    const before = this.#offMs;
    this.#offMs = Math.abs(offMs) > offMsMax ? offMs : 0;
    if (Math.abs(this.#offMs - before) <= offMsMax) return;
    log.warn({ offMs }, 'the clock of this machine is not that of the NATS server');
  }
}
