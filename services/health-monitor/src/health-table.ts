import type { WireCheckReport, WireHealth, WireObservation } from '@switchyard/contracts';
import { isFailureCode } from '@switchyard/domain';
import {
  advanceBreaker,
  type BackendHealth,
  type Breaker,
  type BreakerMoment,
  type BreakerSettings,
  closedBreaker,
  defaultBreakerSettings,
  downAfterFailures,
  foldAbandoned,
  foldAttempt,
  foldAttemptOutcome,
  foldCheck,
  foldCheckOutcome,
  forceOpen,
  mayEject,
  neverChecked,
  resetBreaker,
} from '@switchyard/health';

/** A check that changes nothing else is shown at least this often: people read when it last was. */
const showCheckEveryMs = 10_000;
/** Facts may come before the record of their backend; without one they are forgotten then. */
const strangerMs = 60_000;

type Known = {
  health: BackendHealth;
  breaker: Breaker;
  shown: WireHealth | undefined;
  foldedAtMs: number;
};

/**
 * The health of every backend, and which of it others have not seen yet. Only registered backends
 * are shown; of the others it is kept for a moment, since a check may be heard before the record.
 */
export class HealthTable {
  readonly #known = new Map<string, Known>();
  readonly #registered = new Set<string>();
  readonly #draw: () => number;
  #settings: BreakerSettings;

  /** `draw`: a number in [0, 1), so that breakers do not all try again at the same moment. */
  constructor(draw: () => number = Math.random, settings: Partial<BreakerSettings> = {}) {
    this.#draw = draw;
    this.#settings = { ...defaultBreakerSettings, ...settings };
  }

  /** Breakers decide by these from now on. */
  set settings(settings: Partial<BreakerSettings>) {
    this.#settings = { ...this.#settings, ...settings };
  }

  /** What others see of a backend. */
  shownOf(backendId: string): WireHealth | undefined {
    return this.#known.get(backendId)?.shown;
  }

  /** Where a breaker stands. */
  breakerOf(backendId: string): Breaker['state'] {
    return this.#known.get(backendId)?.breaker.state ?? 'closed';
  }

  /** Moves a breaker by hand. */
  moveBreaker(backendId: string, action: 'reset' | 'force_open', nowMs: number): void {
    this.#fold(backendId, nowMs, (health) => health);
    const move = action === 'reset' ? resetBreaker : forceOpen;
    this.#foldBreaker(backendId, nowMs, (breaker) => move(breaker, nowMs));
  }

  /** Takes over what others see, as whoever was active before left it. */
  load(shown: ReadonlyMap<string, WireHealth>): void {
    this.#known.clear();
    for (const [backendId, wire] of shown) this.adopt(backendId, wire);
  }

  /** Takes over what another wrote of one backend, in place of what was known here. */
  adopt(backendId: string, wire: WireHealth): void {
    const known = { health: healthOf(wire), breaker: breakerOf(wire), foldedAtMs: 0 };
    this.#known.set(backendId, { ...known, shown: wireOf(backendId, known) });
  }

  register(backendId: string): void {
    this.#registered.add(backendId);
  }

  remove(backendId: string): void {
    this.#registered.delete(backendId);
    this.#known.delete(backendId);
  }

  isRegistered(backendId: string): boolean {
    return this.#registered.has(backendId);
  }

  /** The registered backends. */
  get registered(): Iterable<string> {
    return this.#registered;
  }

  foldCheck(report: WireCheckReport, nowMs: number): void {
    const { backendId = '', ok = false, checkDurationMs = 0, message = '', atMs = nowMs } = report;
    const check = { isOk: ok, durationMs: checkDurationMs, message, atMs };
    this.#fold(backendId, nowMs, (health) => foldCheck(health, check));
    this.#foldBreaker(backendId, nowMs, (breaker) =>
      foldCheckOutcome(breaker, ok, this.#within(nowMs)),
    );
  }

  foldAttempt(observation: WireObservation, nowMs: number): void {
    const { backendId = '', failureCode, retryAfterMs, atMs = nowMs } = observation;
    const code = isFailureCode(failureCode) ? failureCode : undefined;
    // Said by a version that knows more codes: no success in any case.
    if (failureCode && !code) return;
    const end = { failureCode: code, retryAfterMs, atMs };
    this.#fold(backendId, nowMs, (health) => foldAttempt(health, end));
    const { jobId = '', attemptNo = 0, durationMs = 0 } = observation;
    const attempt = { name: `${jobId}:${attemptNo}`, failureCode: code, durationMs, atMs };
    this.#foldBreaker(backendId, nowMs, (breaker) =>
      foldAttemptOutcome(breaker, attempt, this.#within(nowMs)),
    );
  }

  /** Lets open breakers try again whose time is over. */
  advanceBreakers(nowMs: number): void {
    for (const backendId of this.#known.keys()) {
      const moment = this.#moment(nowMs);
      this.#foldBreaker(backendId, nowMs, (breaker) =>
        advanceBreaker(breaker, this.#settings, moment),
      );
    }
  }

  foldAbandoned(backendId: string, nowMs: number): void {
    this.#fold(backendId, nowMs, foldAbandoned);
  }

  /** What others should see and do not yet. */
  unshown(): Map<string, WireHealth> {
    const found = new Map<string, WireHealth>();
    for (const backendId of this.#registered) {
      const known = this.#known.get(backendId);
      if (!known) continue;
      const wire = wireOf(backendId, known);
      if (isNews(wire, known.shown)) found.set(backendId, wire);
    }
    return found;
  }

  /** Others see this now. True where its breaker moved. */
  showed(backendId: string, wire: WireHealth): boolean {
    const known = this.#known.get(backendId);
    const before = known?.shown?.breaker ?? 'closed';
    if (known) known.shown = wire;
    return known !== undefined && before !== wire.breaker;
  }

  /** Health by registered backend. */
  *entries(): Iterable<readonly [string, BackendHealth]> {
    for (const backendId of this.#registered) {
      yield [backendId, this.#known.get(backendId)?.health ?? neverChecked];
    }
  }

  /** Forgets what was told of backends that nobody registered. */
  forgetStrangers(nowMs: number): void {
    for (const [backendId, { foldedAtMs }] of this.#known) {
      const isStranger = !this.#registered.has(backendId);
      if (isStranger && nowMs - foldedAtMs > strangerMs) this.#known.delete(backendId);
    }
  }

  #fold(backendId: string, nowMs: number, fold: (health: BackendHealth) => BackendHealth): void {
    const known = this.#known.get(backendId);
    const health = fold(known?.health ?? neverChecked);
    if (known) Object.assign(known, { health, foldedAtMs: nowMs });
    else {
      const breaker = closedBreaker;
      this.#known.set(backendId, { health, breaker, shown: undefined, foldedAtMs: nowMs });
    }
  }

  #foldBreaker(backendId: string, nowMs: number, fold: (breaker: Breaker) => Breaker): void {
    const known = this.#known.get(backendId);
    if (!known) return;
    known.breaker = fold(known.breaker);
    known.foldedAtMs = Math.max(known.foldedAtMs, nowMs);
  }

  #within(nowMs: number): { readonly settings: BreakerSettings; readonly moment: BreakerMoment } {
    return { settings: this.#settings, moment: this.#moment(nowMs) };
  }

  #moment(nowMs: number): BreakerMoment {
    let open = 0;
    for (const backendId of this.#registered)
      if (this.#known.get(backendId)?.breaker.state === 'open') open += 1;
    const mayOpen = mayEject({ open, all: this.#registered.size });
    return { nowMs, unit: this.#draw(), mayOpen };
  }
}

/** Failures beyond those that make a backend down are no news. */
function isNews(wire: WireHealth, shown: WireHealth | undefined): boolean {
  if (!shown) return true;
  const counted = ({ consecutiveFailures = 0 }: WireHealth) =>
    Math.min(consecutiveFailures, downAfterFailures);
  return (
    wire.status !== shown.status ||
    wire.message !== shown.message ||
    wire.cooldownUntilMs !== shown.cooldownUntilMs ||
    wire.breakerChangedAtMs !== shown.breakerChangedAtMs ||
    wire.breaker !== shown.breaker ||
    counted(wire) !== counted(shown) ||
    (wire.checkedAtMs ?? 0) - (shown.checkedAtMs ?? 0) >= showCheckEveryMs
  );
}

const wireOf = (
  backendId: string,
  { health, breaker }: Pick<Known, 'health' | 'breaker'>,
): WireHealth => ({
  backendId,
  ...health,
  breaker: breaker.state,
  breakerReason: breaker.reason,
  breakerChangedAtMs: breaker.changedAtMs,
  breakerOpenUntilMs: breaker.openUntilMs,
});

const healthOf = (wire: WireHealth): BackendHealth => ({
  status: (wire.status as BackendHealth['status']) ?? 'unknown',
  consecutiveFailures: wire.consecutiveFailures ?? 0,
  checkedAtMs: wire.checkedAtMs ?? 0,
  checkDurationMs: wire.checkDurationMs ?? 0,
  message: wire.message ?? '',
  cooldownUntilMs: wire.cooldownUntilMs ?? 0,
});

/** What a breaker counted while closed stays with whoever counted it; where it stands does not. */
function breakerOf(wire: WireHealth): Breaker {
  const { breaker, breakerChangedAtMs = 0, breakerOpenUntilMs = 0 } = wire;
  const reason = (wire.breakerReason ?? '') as Breaker['reason'];
  const state = breaker === 'open' || breaker === 'halfOpen' ? breaker : 'closed';
  return {
    ...closedBreaker,
    state,
    reason,
    changedAtMs: breakerChangedAtMs,
    openUntilMs: breakerOpenUntilMs,
  };
}
