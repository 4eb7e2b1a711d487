import type { Bus, Lease } from '@switchyard/bus';
import { AppError, type Log } from '@switchyard/domain';

/** A dead holder is replaced after this long at the latest. */
const leaseTtlMs = 3_000;
const renewEveryMs = 1_000;

/** Which role, who wants it, and what gaining and losing it mean. */
export type LeadershipOptions = {
  readonly bus: Bus;
  readonly role: string;
  readonly holder: string;
  readonly log: Log;
  /**
   * Called on gaining the role, and again where what it took over may be incomplete; may take its
   * time, renewals go on meanwhile.
   */
  readonly onGain: () => Promise<void>;
  /** Called on losing the role and on giving it up, never while it is taken over. */
  readonly onLose: () => Promise<void>;
};

/**
 * Holds a role by lease, or waits for it. While NATS cannot be reached nothing changes: two holders
 * at once are safe, since every write under a role is compare-and-set or bounded by slots.
 */
export class Leadership {
  readonly #options: LeadershipOptions;
  #lease: Lease | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  /** While it takes over: that may take longer than the lease, which is renewed meanwhile. */
  #gaining: Promise<void> | undefined;
  #isStopping = false;
  #isStale = false;
  /** True from when it takes over, also where that fails half-way, until the role is lost. */
  #hasBegun = false;
  isLeading = false;

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  /** Resolves once it has taken over for the first time, or has to wait for that. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => this.#takeTurn(), renewEveryMs);
    await this.#takeTurn();
    await this.#gaining;
  }

  /** What was taken over may be incomplete: it is taken over again, where we still lead. */
  takeOverAgain(): void {
    this.#isStale = true;
    void this.#takeTurn();
  }

  /** Gives the role up, so that another takes it at once. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    await this.#turn;
    if (this.#hasBegun) await this.#standBy();
    if (this.#lease) await this.#options.bus.leases.release(this.#lease).catch(() => {});
  }

  #takeTurn(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#step());
    return this.#turn;
  }

  async #step(): Promise<void> {
    if (this.#isStopping) return;
    const { bus, role, holder, log } = this.#options;
    try {
      const held = this.#lease && (await bus.leases.renew(this.#lease, leaseTtlMs));
      // Lost: another may have led meanwhile and died with what it held. Gained again, everything
      // is taken over anew.
      if (!held && this.#hasBegun) {
        log.warn({ role }, 'standing by: the lease was lost');
        await this.#standBy();
      }
      this.#lease = held ?? (await bus.leases.acquire(role, holder, leaseTtlMs));
      if (this.#lease && (!this.isLeading || this.#isStale)) this.#begin();
    } catch (caught) {
      log.warn({ role, err: AppError.from(caught).message }, 'the lease could not be renewed');
    }
  }

  #begin(): void {
    this.#gaining ??= this.#gain().finally(() => {
      this.#gaining = undefined;
    });
  }

  async #gain(): Promise<void> {
    this.isLeading = true;
    this.#hasBegun = true;
    this.#isStale = false;
    this.#options.log.info({ role: this.#options.role }, 'active');
    try {
      await this.#options.onGain();
    } catch (caught) {
      this.isLeading = false;
      const err = AppError.from(caught).message;
      this.#options.log.warn({ role: this.#options.role, err }, 'not taken over yet');
    }
  }

  /** Gives up what it took over, to the end or in part. */
  async #standBy(): Promise<void> {
    await this.#gaining;
    this.isLeading = false;
    this.#hasBegun = false;
    await this.#options.onLose();
  }
}
