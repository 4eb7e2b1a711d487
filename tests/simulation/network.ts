import type { Answer } from '@switchyard/bus';
import { Bucket } from './bucket.js';
import type { SimClock } from './clock.js';
import type { Dice } from './dice.js';
import { LeaseBucket } from './leases.js';
import type { Member } from './member.js';
import { Store, type Watch } from './store.js';
import type { Tale } from './tale.js';

/** How bad the lines are; shares from 0 to 1. */
export type Weather = {
  /** Of all messages, either way. */
  readonly loss: number;
  /** Of what the server did, whose answer alone is lost. */
  readonly ackLoss: number;
  readonly repeat: number;
  /** Of the messages that are overtaken by later ones of the same process. */
  readonly overtaken: number;
  readonly delayMaxMs: number;
};

/** Nothing goes wrong, and little time passes. */
export const fairWeather: Weather = {
  loss: 0,
  ackLoss: 0,
  repeat: 0,
  overtaken: 0,
  delayMaxMs: 3,
};

/** How often a line that is cut is tried again. */
const lookAgainMs = 200;

/** What a server must not answer at all: whoever asks never hears. */
export const silence = Symbol('silence');

/** The server and the lines to it, all of whose faults come from one seed. */
export class SimNetwork {
  readonly store: Store;
  readonly leases: LeaseBucket;
  readonly objects = new Map<string, Uint8Array>();
  readonly clock: SimClock;
  readonly tale: Tale;
  weather = fairWeather;
  readonly #dice: Dice;
  readonly #members = new Set<Member>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #answers = new Map<string, { readonly member: Member; readonly answer: Answer }[]>();

  constructor(dice: Dice, clock: SimClock, tale: Tale, watch: Watch) {
    this.#dice = dice;
    this.clock = clock;
    this.tale = tale;
    const now = () => clock.serverNowMs;
    this.store = new Store(now, (count) => dice.between(0, count - 1), watch);
    this.leases = new LeaseBucket(now);
  }

  join(member: Member): void {
    this.#members.add(member);
  }

  /** The server notices at once that the connection of a process that died is gone. */
  leave(member: Member): void {
    this.#members.delete(member);
    for (const [subject, answers] of this.#answers) {
      this.#answers.set(
        subject,
        answers.filter((each) => each.member !== member),
      );
    }
  }

  /** From a process to the server; `isOnce`: never doubled on its way. */
  up(member: Member, act: () => void, isOnce = false): void {
    const { weather } = this;
    if (member.isCut || this.#dice.happens(weather.loss)) return;
    const times = !isOnce && this.#dice.happens(weather.repeat) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const delayMs = this.#delayMs(member.up);
      this.clock.after(delayMs, () => member.isCut || act(), this.clock.nobody);
    }
  }

  /** From the server to a process. */
  down(member: Member, act: () => void): void {
    if (member.isCut || this.#dice.happens(this.weather.loss)) return;
    const delayMs = this.#delayMs(member.down);
    this.clock.after(delayMs, () => member.isCut || act(), member.owner);
  }

  /** A delivery of a consumer: lost only with the connection that carries it. */
  deliver(member: Member, act: () => void): void {
    if (member.isCut) return;
    const delayMs = this.#delayMs(member.down);
    this.clock.after(delayMs, () => member.isCut || act(), member.owner);
  }

  /** The same in order and never lost, as what is read again where it was missed. */
  downSurely(member: Member, act: () => void): void {
    member.missed.push(act);
    const arrive = () => {
      if (member.isCut) this.clock.after(lookAgainMs, arrive, member.owner);
      else for (const each of member.missed.splice(0)) each();
    };
    this.clock.after(this.#dice.next() * this.weather.delayMaxMs + 0.1, arrive, member.owner);
  }

  /** A core message to everybody else: each copy may be lost, late or doubled by itself. */
  tell(from: Member, subject: string, data: Uint8Array): void {
    for (const member of this.#members) {
      if (member === from || !member.listensTo(subject)) continue;
      const times = this.#dice.happens(this.weather.repeat) ? 2 : 1;
      for (let time = 0; time < times; time += 1) {
        this.down(member, () => member.hear(subject, data));
      }
    }
  }

  answer(subject: string, member: Member, answer: Answer): () => void {
    const mine = { member, answer };
    this.#answers.set(subject, [...(this.#answers.get(subject) ?? []), mine]);
    return () => {
      const others = this.#answers.get(subject)?.filter((each) => each !== mine) ?? [];
      this.#answers.set(subject, others);
    };
  }

  /** One of those who answer a subject. */
  answererOf(subject: string) {
    const answers = this.#answers.get(subject) ?? [];
    return answers.length === 0 ? undefined : this.#dice.one(answers);
  }

  /** True where the answer to what was done is lost. */
  losesAnswer(): boolean {
    return this.#dice.happens(this.weather.ackLoss);
  }

  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name) ?? new Bucket();
    this.#buckets.set(name, bucket);
    return bucket;
  }

  get bucketNames(): readonly string[] {
    return [...this.#buckets.keys()];
  }

  /** One connection keeps the order of what it carries, but for what is overtaken. */
  #delayMs(lane: { lastAtMs: number }): number {
    const { delayMaxMs, overtaken } = this.weather;
    const { nowMs } = this.clock;
    const delayMs = this.#dice.next() * delayMaxMs + 0.1;
    if (this.#dice.happens(overtaken)) return delayMs + this.#dice.next() * 3 * delayMaxMs;
    lane.lastAtMs = Math.max(lane.lastAtMs, nowMs + delayMs);
    return lane.lastAtMs - nowMs;
  }
}
