import { encode, subjects } from '@switchyard/contracts';
import { chatJob } from '../e2e/yard.js';
import { account, type SimDoor, type Wish } from './sim-door.js';
import { model } from './sim-driver.js';
import type { SimProcess } from './sim-process.js';
import type { World } from './world.js';

const tenMinutesMs = 600_000;

/** Everything that may happen, each with how often it does in proportion to the others. */
const happenings: readonly (readonly [number, (happenings: Happenings) => void])[] = [
  [26, (what) => what.ask()],
  [8, (what) => what.askRaw()],
  [5, (what) => what.cancel()],
  [2, (what) => what.leave()],
  [8, (what) => what.kill()],
  [2, (what) => what.terminate()],
  [2, (what) => what.lose()],
  [7, (what) => what.cut()],
  [4, (what) => what.pause()],
  [4, (what) => what.lapse()],
  [3, (what) => what.jump()],
  [3, (what) => what.handOutAgain()],
  [2, (what) => what.overwrite()],
];
const sum = happenings.reduce((total, [weight]) => total + weight, 0);

/** What clients, operators and the world do to a small Switchyard. */
export class Happenings {
  readonly #world: World;
  #made = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** One thing, as the seed says. */
  happen(): void {
    let drawn = this.#world.dice.next() * sum;
    for (const [weight, act] of happenings) {
      drawn -= weight;
      if (drawn < 0) return act(this);
    }
  }

  /** Some clients come at once. */
  ask(): void {
    const { dice } = this.#world;
    for (let count = dice.between(1, 3); count > 0; count -= 1) this.#askOnce();
  }

  /** A program publishes a job itself; an unknown result is repeated with the same id. */
  askRaw(): void {
    const { client, laws } = this.#world;
    const jobId = this.#newId();
    const job = chatJob(jobId, { account, model, maxOutputTokens: 100 });
    const subject = subjects.submit('normal', 'chat', account);
    const send = () => client.publish(subject, encode(job), { messageId: jobId });
    const accept = ({ kind }: { readonly kind: string }) => kind === 'stored' && laws.accept(jobId);
    send()
      .catch(send)
      .then(accept, () => {});
  }

  cancel(): void {
    const jobId = this.#openJob();
    if (jobId) this.#atDoor((door) => void door.cancel(jobId));
  }

  /** A client that waits goes away. */
  leave(): void {
    const jobId = this.#openJob();
    if (jobId) for (const door of this.#world.doors.values()) door.leave(jobId);
  }

  kill(): void {
    this.#some().kill(this.#world.dice.between(100, 20_000));
  }

  /** A machine with an executor is gone for good. */
  lose(): void {
    const { dice, processes } = this.#world;
    const executors = processes.filter(({ name }) => name === 'four' || name === 'five');
    dice.one(executors).kill(Number.POSITIVE_INFINITY);
  }

  terminate(): void {
    const { dice, laws } = this.#world;
    // Whatever an executor that stops sends back is another attempt that costs the job nothing.
    laws.drainedMax += 2;
    this.#some().terminate(dice.between(500, 5_000), dice.between(100, 5_000));
  }

  cut(): void {
    this.#some().cut(this.#world.dice.one([100, 1_000, 2_500, 6_000, 20_000]));
  }

  pause(): void {
    this.#some().pause(this.#world.dice.one([1_500, 4_000, 12_000, 25_000]));
  }

  /** A role is taken from whoever has it, who does not know. */
  lapse(): void {
    const { dice, network } = this.#world;
    const { names } = network.leases;
    if (names.length === 0) return;
    const name = dice.one(names);
    network.tale.tell(`LAPSE ${name}`);
    network.leases.lapse(name);
  }

  jump(): void {
    this.#some().setClock(this.#world.dice.one([-tenMinutesMs, 0, tenMinutesMs]));
  }

  /** The server hands out again what somebody has, as after a change of its leader. */
  handOutAgain(): void {
    const { dice, network, clock } = this.#world;
    const busy = [...network.store.consumers.values()].filter(({ pending }) => pending.size > 0);
    if (busy.length === 0) return;
    const consumer = dice.one(busy);
    const seq = dice.one([...consumer.pending.keys()]);
    network.tale.tell(`AGAIN ${consumer.spec.name} ${seq}`);
    consumer.hold(seq, clock.serverNowMs);
  }

  /** Somebody else writes a key that ours has read: its compare-and-set fails. */
  overwrite(): void {
    const { dice, network } = this.#world;
    const bucket = network.bucket(dice.one(network.bucketNames));
    const entries = bucket.all();
    if (entries.length === 0) return;
    const { key, value } = dice.one(entries);
    network.tale.tell(`OVERWRITE ${key}`);
    bucket.put(key, value);
  }

  #askOnce(): void {
    const { dice, laws, clock } = this.#world;
    const jobId = this.#newId();
    const pieces: Wish = {
      jobId,
      stream: dice.happens(0.4),
      isKeyed: dice.happens(0.2),
      hasWaiter: dice.happens(0.8),
      deadlineAtMs: dice.happens(0.1) ? clock.serverNowMs + dice.between(500, 60_000) : undefined,
      accepted: () => laws.accept(jobId),
      read: (text, isWhole) => laws.read(jobId, text, isWhole),
    };
    this.#atDoor((door) => void door.serve(pieces));
  }

  #atDoor(act: (door: SimDoor) => void): void {
    const { dice, doors, processes } = this.#world;
    const process = dice.one(processes.filter(({ name }) => doors.has(name)));
    const door = doors.get(process.name);
    if (door) process.run(() => act(door));
  }

  #openJob(): string | undefined {
    const { open } = this.#world.laws;
    return open.length > 0 ? this.#world.dice.one(open) : undefined;
  }

  #some(): SimProcess {
    return this.#world.dice.one(this.#world.processes);
  }

  #newId(): string {
    this.#made += 1;
    return `job-${this.#made}`;
  }
}
