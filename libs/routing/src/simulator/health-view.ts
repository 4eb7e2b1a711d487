import type { FailureCode } from '@switchyard/domain';
import type { BackendRow } from '../backend-row.js';
import { randomAt } from '../seed.js';
import type { BreakerWithin, FoldedBreaker, FoldedHealth, ProductionParts } from './parts.js';

/** An attempt that ended, as the monitor hears of it. */
type EndedAttempt = {
  readonly name: string;
  readonly failureCode: FailureCode | undefined;
  readonly durationMs: number;
};

/** What a row says of it. */
type HealthFields = Pick<BackendRow, 'health' | 'cooldownUntilMs' | 'breaker'>;

type Guarded<Health> = {
  health: Health;
  breaker: FoldedBreaker;
  /** Attempts sent since it became half open. */
  trials: number;
};

/**
 * The health and the breaker of every backend, as the health monitor folds them, and the trials of
 * half-open ones, as the router counts them (ADR 0012). Backends are named by their place.
 */
export class HealthView<Health extends FoldedHealth> {
  readonly #parts: ProductionParts<Health>;
  readonly #seed: number;
  readonly #all: Guarded<Health>[];
  readonly #changed: (at: number) => void;
  #open = 0;
  #draws = 0;
  /** When the next open breaker lets trials through. */
  nextAtMs = Infinity;

  /** `changed` is told of every backend whose row has to say something else. */
  constructor(
    parts: ProductionParts<Health>,
    options: {
      readonly backends: number;
      readonly seed: number;
      readonly changed: (at: number) => void;
    },
  ) {
    this.#parts = parts;
    this.#seed = options.seed;
    this.#changed = options.changed;
    const started = { isOk: true, durationMs: 1, message: '', atMs: 0 };
    this.#all = Array.from({ length: options.backends }, () => {
      const health = parts.foldCheck(parts.neverChecked, started);
      return { health, breaker: parts.closedBreaker, trials: 0 };
    });
  }

  /** What the row of a backend says. */
  fieldsOf(at: number): HealthFields {
    const { health, breaker } = this.#all[at] as Guarded<Health>;
    const { status, cooldownUntilMs } = health;
    return { health: status, cooldownUntilMs, breaker: breaker.state };
  }

  /** Its slots, but of a half-open one only those for the trials that are left. */
  slotsOf(at: number, slots: number, inFlight: number): number {
    const { breaker, trials } = this.#all[at] as Guarded<Health>;
    if (breaker.state !== 'halfOpen') return slots;
    const left = Math.max(0, this.#parts.defaultBreakerSettings.trialsMax - trials);
    return Math.min(slots, inFlight + left);
  }

  /** An attempt was sent to it. */
  dispatched(at: number): void {
    (this.#all[at] as Guarded<Health>).trials += 1;
  }

  /** An attempt ended there. */
  ended(at: number, attempt: EndedAttempt, nowMs: number): void {
    const { failureCode } = attempt;
    const end = { failureCode, retryAfterMs: undefined, atMs: nowMs };
    const { health, breaker } = this.#all[at] as Guarded<Health>;
    this.#replace(at, {
      health: this.#parts.foldAttempt(health, end),
      breaker: this.#parts.foldAttemptOutcome(
        breaker,
        { ...attempt, atMs: nowMs },
        this.#within(nowMs),
      ),
    });
  }

  /** An active check of it answered, or not. */
  checked(at: number, isOk: boolean, nowMs: number): void {
    const check = { isOk, durationMs: 1, message: isOk ? '' : 'no answer', atMs: nowMs };
    const { health, breaker } = this.#all[at] as Guarded<Health>;
    this.#replace(at, {
      health: this.#parts.foldCheck(health, check),
      breaker: this.#parts.foldCheckOutcome(breaker, isOk, this.#within(nowMs)),
    });
  }

  /** Lets open breakers try again whose time is over. */
  advance(nowMs: number): void {
    this.#all.forEach(({ health, breaker }, at) => {
      const { settings, moment } = this.#within(nowMs);
      this.#replace(at, {
        health,
        breaker: this.#parts.advanceBreaker(breaker, settings, moment),
      });
    });
  }

  #replace(at: number, after: { readonly health: Health; readonly breaker: FoldedBreaker }): void {
    const one = this.#all[at] as Guarded<Health>;
    const { health, breaker } = one;
    one.health = after.health;
    one.breaker = after.breaker;
    const hasMoved = breaker.state !== after.breaker.state;
    if (hasMoved) {
      if (after.breaker.state === 'halfOpen') one.trials = 0;
      this.#look();
    }
    const isSame =
      health.status === after.health.status &&
      health.cooldownUntilMs === after.health.cooldownUntilMs;
    if (hasMoved || !isSame) this.#changed(at);
  }

  /** Counts the open ones, and finds the first that will not be. */
  #look(): void {
    this.#open = 0;
    this.nextAtMs = Infinity;
    for (const { breaker } of this.#all) {
      if (breaker.state !== 'open') continue;
      this.#open += 1;
      if (breaker.openUntilMs > 0) this.nextAtMs = Math.min(this.nextAtMs, breaker.openUntilMs);
    }
  }

  #within(nowMs: number): BreakerWithin {
    this.#draws += 1;
    const mayOpen = this.#parts.mayEject({ open: this.#open, all: this.#all.length });
    const moment = { nowMs, unit: randomAt(this.#seed, this.#draws), mayOpen };
    return { settings: this.#parts.defaultBreakerSettings, moment };
  }
}
