import type { Owner, SimClock } from './clock.js';
import type { SimNetwork } from './network.js';
import type { Place } from './processes.js';
import { SimBus } from './sim-bus.js';

/** Starts the services of a process; returns what stops them in order. */
export type StartServices = (place: Place) => () => Promise<unknown>;

/** How long whoever runs a process takes to start it again. */
const restartMs = 1_000;

/** A process on a machine of its own, which can be killed, stopped, paused and started again. */
export class SimProcess {
  readonly name: string;
  readonly #network: SimNetwork;
  readonly #clock: SimClock;
  readonly #start: StartServices;
  /** Asked at each fault point: true where the process dies there. */
  readonly #dies: () => boolean;
  /** How far the clock of its machine is ahead. */
  clockAheadMs = 0;
  bus: SimBus;
  #starts = 0;
  #stop: () => Promise<unknown> = async () => {};

  constructor(network: SimNetwork, name: string, start: StartServices, dies: () => boolean) {
    this.#network = network;
    this.#clock = network.clock;
    this.name = name;
    this.#start = start;
    this.#dies = dies;
    this.bus = this.#newBus();
    this.#begin();
  }

  get isDead(): boolean {
    return this.bus.owner.isDead;
  }

  /** Dies on the spot, as by `kill -9`, and comes back after a while. */
  kill(awayMs = restartMs): void {
    if (this.isDead) return;
    this.#network.tale.tell(`KILL ${this.name} for ${awayMs}`);
    this.bus.kill();
    this.#clock.after(awayMs, () => this.#startAgain(), this.#clock.nobody);
  }

  /** Stops in order, as by SIGTERM; killed where that takes too long. */
  terminate(graceMs: number, awayMs: number): void {
    if (this.isDead) return;
    this.#network.tale.tell(`STOP ${this.name} for ${awayMs}`);
    const { bus } = this;
    const end = () => {
      if (this.bus === bus) this.kill(awayMs);
    };
    this.#clock.after(graceMs, end, this.#clock.nobody);
    this.run(() => void this.#stop().then(end, end));
  }

  /** Has the process do something of its own. */
  run(act: () => void): void {
    this.#clock.after(1, act, this.bus.owner);
  }

  /** Does nothing for so long, then goes on as if no time had passed. */
  pause(forMs: number): void {
    this.#network.tale.tell(`PAUSE ${this.name} for ${forMs}`);
    this.bus.owner.pausedUntilMs = this.#clock.nowMs + forMs;
  }

  /** Its connection is gone for so long. */
  cut(forMs: number): void {
    this.#network.tale.tell(`CUT ${this.name} for ${forMs}`);
    this.bus.cut(forMs);
  }

  /** The clock of its machine is put to where it is so much ahead of the right one. */
  setClock(aheadMs: number): void {
    this.#network.tale.tell(`CLOCK ${this.name} ${aheadMs}`);
    this.clockAheadMs = aheadMs;
  }

  #newBus(): SimBus {
    const owner: Owner = { isDead: false, pausedUntilMs: 0 };
    return new SimBus(this.#network, this.name, owner);
  }

  #startAgain(): void {
    this.#network.tale.tell(`START ${this.name}`);
    this.bus = this.#newBus();
    this.#begin();
  }

  #begin(): void {
    const { bus } = this;
    this.#starts += 1;
    const place: Place = {
      bus,
      instanceId: `${this.name}-${this.#starts}`,
      now: () => this.#clock.serverNowMs + this.clockAheadMs,
      faultPoint: (point) => {
        if (bus.owner.isDead || !this.#dies()) return;
        this.#network.tale.tell(`at ${point}:`);
        this.kill();
      },
      crash: () => this.bus === bus && this.kill(),
    };
    this.run(() => {
      this.#stop = this.#start(place);
    });
  }
}
