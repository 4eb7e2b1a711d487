import type { BudgetsConfig } from '@switchyard/config';
import type { Backend } from '@switchyard/domain';
import type { Executor } from '@switchyard/executor';
import type { Router } from '@switchyard/service-router';
import { type Owner, SimClock } from './clock.js';
import { Dice } from './dice.js';
import { Laws } from './laws.js';
import { attemptsMax } from './limits.js';
import { fairWeather, SimNetwork, type Weather } from './network.js';
import {
  backends,
  budgetsOf,
  type Place,
  startDoor,
  startExecutor,
  startLedger,
  startMonitor,
  startRouter,
  startTracker,
} from './processes.js';
import { SimBus } from './sim-bus.js';
import type { SimDoor } from './sim-door.js';
import { type Mood, SimDriver } from './sim-driver.js';
import { SimProcess, type StartServices } from './sim-process.js';
import { Tale } from './tale.js';

const epochMs = Date.UTC(2026, 0, 1, 12);
/** The daily budget, in millionths of a dollar: ample, or enough for a job or two. */
const budgetsUsdMicros = [10_000_000, 10_000_000, 4_000];
const calm: Mood = { failure: 0, durationMaxMs: 600 };

/**
 * A small Switchyard over one simulated network; all chance is in the seed.
 *
 * - `one`: router, executor and door in one process, so that jobs take the express lane.
 * - `two`: a router, tracker, monitor and ledger. `three`: standbys of some of them.
 * - `four` and `five`: executors. `six`: a door alone.
 */
export class World {
  readonly clock = new SimClock(epochMs);
  readonly tale: Tale;
  readonly laws: Laws;
  readonly network: SimNetwork;
  readonly dice: Dice;
  readonly processes: readonly SimProcess[];
  readonly mood: Mood = { ...calm };
  readonly doors = new Map<string, SimDoor>();
  readonly routers = new Map<string, Router>();
  readonly executors = new Map<string, Executor>();
  /** A client of the NATS door: it and its line never fail, but for the weather. */
  readonly client: SimBus;
  /** How often a process dies at a fault point that it reaches. */
  deathShare = 0;
  readonly #budgets: BudgetsConfig;
  /** What there is one of, and at times another that stands by. */
  readonly #others = [
    startTracker,
    startMonitor,
    (place: Place) => startLedger(place, this.#budgets),
  ];

  constructor(seed: number, isToldWhole: boolean) {
    this.dice = new Dice(seed);
    this.tale = new Tale(() => this.clock.nowMs, isToldWhole);
    const limitUsdMicros = this.dice.one(budgetsUsdMicros);
    this.laws = new Laws(attemptsMax, limitUsdMicros, (line) => this.tale.tell(line));
    this.network = new SimNetwork(this.dice, this.clock, this.tale, this.laws);
    this.#budgets = budgetsOf(limitUsdMicros);
    const owner: Owner = { isDead: false, pausedUntilMs: 0 };
    this.client = new SimBus(this.network, 'client', owner);
    const standby = this.#others.filter(() => this.dice.happens(0.4));
    this.processes = [
      this.#process('one', (place) => this.#standalone(place)),
      this.#process('two', (place) => this.#whole(place)),
      this.#process('three', (place) => stopAll(standby.map((start) => start(place)))),
      this.#process('four', (place) => stopAll([this.#executor(place, ['a', 'b'])])),
      this.#process('five', (place) => stopAll([this.#executor(place, ['b'])])),
      this.#process('six', (place) => {
        this.doors.set(nameOf(place), startDoor(place));
        return async () => {};
      }),
    ];
  }

  /** From now on everything may go wrong. */
  worsen(): void {
    const { dice } = this;
    this.network.weather = badWeather(dice);
    this.mood.failure = dice.one([0, 0.1, 0.4]);
    this.mood.durationMaxMs = dice.one([50, 1_500, 12_000]);
    this.deathShare = dice.one([0, 0.01, 0.05]);
  }

  /** From now on nothing goes wrong any more; what is there must come to its end. */
  heal(): void {
    this.tale.tell('HEALED');
    this.network.weather = fairWeather;
    Object.assign(this.mood, calm);
    this.deathShare = 0;
    for (const { bus } of this.processes) {
      bus.heal();
      bus.owner.pausedUntilMs = 0;
    }
  }

  #process(name: string, start: StartServices): SimProcess {
    return new SimProcess(this.network, name, start, () => this.dice.happens(this.deathShare));
  }

  #standalone(place: Place): () => Promise<unknown> {
    const executor = this.#executor(place, ['a']);
    const router = this.#router(place, [executor]);
    this.doors.set(nameOf(place), startDoor(place, router));
    return stopAll([router, executor]);
  }

  #whole(place: Place): () => Promise<unknown> {
    return stopAll([this.#router(place), ...this.#others.map((start) => start(place))]);
  }

  #router(place: Place, executors: readonly Executor[] = []): Router {
    const router = startRouter(place, this.#budgets, executors);
    this.routers.set(nameOf(place), router);
    return router;
  }

  #executor(place: Place, ids: readonly (keyof typeof backends)[]): Executor {
    const { owner } = place.bus;
    const makeDriver = ({ id }: Backend) =>
      new SimDriver(owner, this.dice, this.mood, (jobId, attemptNo) =>
        this.laws.called(jobId, attemptNo, id === 'b'),
      );
    const executor = startExecutor(
      place,
      ids.map((id) => backends[id]),
      makeDriver,
    );
    this.executors.set(nameOf(place), executor);
    return executor;
  }
}

const stopAll = (running: readonly { readonly stop: () => Promise<unknown> }[]) => async () => {
  await Promise.all(running.map((each) => each.stop()));
};

/** The process that a service runs in, whichever start of it this is. */
const nameOf = ({ instanceId }: Place): string => instanceId.split('-')[0] ?? '';

const badWeather = (dice: Dice): Weather => ({
  loss: dice.one([0, 0.01, 0.05]),
  ackLoss: dice.one([0, 0.02, 0.1]),
  repeat: dice.one([0, 0.05, 0.2]),
  overtaken: dice.one([0, 0.05, 0.3]),
  delayMaxMs: dice.one([3, 40, 300]),
});
