import type { WireBackend, WireObservation } from '@switchyard/contracts';
import { RateWindow, type Reserved } from '@switchyard/jobs';
import type { BackendLive } from '@switchyard/routing';

/** What a row says of its window. */
type RateFields = Pick<
  BackendLive,
  'requestsThisMinute' | 'tokensThisMinute' | 'maxRequestsPerMinute' | 'maxTokensPerMinute'
>;

type Rated = {
  readonly window: RateWindow;
  readonly limits: Pick<RateFields, 'maxRequestsPerMinute' | 'maxTokensPerMinute'>;
  /** By job and attempt, as long as their tokens are an estimate. */
  readonly reserved: Map<string, Reserved>;
};

/** Which attempt: its job, and its number. */
type Run = { readonly id: string; readonly attemptNo: number };

const keyOf = ({ id, attemptNo }: Run): string => `${id}.${attemptNo}`;

/**
 * The windows of backends that have limits of a minute: an attempt's tokens are reserved as it is
 * dispatched, and corrected when it has ended. Every router counts what it hears of, so that one
 * that takes over knows nearly all of the last minute.
 */
export class Rates {
  readonly #backends = new Map<string, Rated>();

  /** True where no backend has such limits: then nothing is counted. */
  get isEmpty(): boolean {
    return this.#backends.size === 0;
  }

  /** Takes over the limits of a backend. */
  resize(id: string, record: WireBackend | undefined): void {
    const { maxRequestsPerMinute, maxTokensPerMinute } = record ?? {};
    if (!maxRequestsPerMinute && !maxTokensPerMinute) {
      this.#backends.delete(id);
      return;
    }
    const { window = new RateWindow(), reserved = new Map() } = this.#backends.get(id) ?? {};
    const limits = {
      maxRequestsPerMinute: maxRequestsPerMinute || null,
      maxTokensPerMinute: maxTokensPerMinute || null,
    };
    this.#backends.set(id, { window, limits, reserved });
  }

  /** What the row of a backend says; nothing where it has no limits. */
  fieldsOf(id: string): RateFields | undefined {
    const rated = this.#backends.get(id);
    if (!rated) return undefined;
    const { requests, tokens } = rated.window;
    return { requestsThisMinute: requests, tokensThisMinute: tokens, ...rated.limits };
  }

  /** An attempt is dispatched. */
  reserve(backendId: string, run: Run, tokens: number, nowMs: number): void {
    const rated = this.#backends.get(backendId);
    rated?.reserved.set(keyOf(run), rated.window.reserve(tokens, nowMs));
  }

  /** True for a backend that has limits. */
  has(backendId: string): boolean {
    return this.#backends.has(backendId);
  }

  /** An attempt was dispatched by another router, some while ago. */
  recall(backendId: string, run: Run, tokens: number, atMs: number): void {
    const rated = this.#backends.get(backendId);
    if (!rated || rated.reserved.has(keyOf(run))) return;
    rated.reserved.set(keyOf(run), rated.window.reserve(tokens, atMs));
    rated.window.sort();
  }

  /** An attempt was not dispatched after all. */
  giveBack(backendId: string, run: Run): void {
    const rated = this.#backends.get(backendId);
    const reserved = rated?.reserved.get(keyOf(run));
    if (!rated || !reserved) return;
    rated.reserved.delete(keyOf(run));
    rated.window.giveBack(reserved);
  }

  /** An attempt has ended; one of another router is counted from then on. */
  correct(observation: WireObservation, nowMs: number): void {
    const { backendId = '', jobId = '', attemptNo = 1 } = observation;
    const rated = this.#backends.get(backendId);
    if (!rated) return;
    const tokens = (observation.inputTokens ?? 0) + (observation.outputTokens ?? 0);
    const key = keyOf({ id: jobId, attemptNo });
    const reserved = rated.reserved.get(key) ?? rated.window.reserve(tokens, nowMs);
    rated.reserved.delete(key);
    rated.window.correct(reserved, tokens);
  }

  /** The wall clock was put forward or back: a minute is a minute. */
  shiftClock(byMs: number): void {
    for (const { window } of this.#backends.values()) window.shiftClock(byMs);
  }

  /** Lets the windows slide; returns the backends whose numbers changed. */
  advance(nowMs: number): string[] {
    const changed: string[] = [];
    for (const [id, { window, reserved }] of this.#backends) {
      if (!window.advance(nowMs)) continue;
      changed.push(id);
      for (const [key, each] of reserved) {
        if (!each.isGone) break;
        reserved.delete(key);
      }
    }
    return changed;
  }
}
