import type {
  AdmitAnswer,
  AskAdmit,
  DoorHistory,
  DoorLimit,
  SpentTokens,
} from '@switchyard/contracts';
import { RateWindow, type Reserved } from '@switchyard/jobs';

/** A door that has not asked for so long lets nothing in. */
const quietMs = 60_000;
/** From then on nothing that it let in counts any more, by whatever clock. */
const forgottenMs = 2 * quietMs;
const recountEveryMs = 1_000;

type Counted = { readonly window: RateWindow; readonly reserved: Reserved };

/**
 * What all doors together let in within the last minute, by account and in all. The active router
 * keeps it, so that however many gateways there are, a limit is one limit; a router that has just
 * become active asks each door for what it let in before.
 */
export class DoorWindows {
  readonly #windows = new Map<string, RateWindow>();
  /** By request, in order, as long as their tokens may be put right. */
  readonly #counted = new Map<string, readonly Counted[]>();
  /** When each door asked last. */
  readonly #doors = new Map<string, number>();
  #doorsAsking = 0;
  #recountAtMs = 0;

  /** `nowMs`: of a clock that is never put forward or back. */
  admit(asked: AskAdmit, nowMs: number): AdmitAnswer {
    const { doorId, id, tokens, limits, history } = asked;
    if (!this.#doors.has(doorId)) {
      if (!history) return { isHistoryWanted: true };
      this.#recall(history, nowMs);
      this.#recountAtMs = nowMs;
    }
    this.#doors.set(doorId, nowMs);
    if (nowMs >= this.#recountAtMs) this.#countDoors(nowMs);
    this.#forget();
    const windows = limits.map((limit) => this.#windowOf(limit.scope));
    const waits = windows.map((window, at) => {
      return window.freeAtMs(tokens, limits[at] as DoorLimit, nowMs) - nowMs;
    });
    if (waits.every((waitMs) => waitMs === 0) && !this.#counted.has(id)) {
      const counted = windows.map((window) => ({
        window,
        reserved: window.reserve(tokens, nowMs),
      }));
      this.#counted.set(id, counted);
    }
    return {
      standings: windows.map((window, at) =>
        window.standing(tokens, limits[at] as DoorLimit, waits[at] ?? 0, nowMs),
      ),
      doors: this.#doorsAsking,
    };
  }

  /** Puts the tokens of a request right. */
  spent({ id, tokens }: SpentTokens): void {
    for (const { window, reserved } of this.#counted.get(id) ?? []) {
      window.correct(reserved, tokens);
    }
    this.#counted.delete(id);
  }

  /** Another router keeps the windows now. */
  clear(): void {
    this.#windows.clear();
    this.#counted.clear();
    this.#doors.clear();
    this.#recountAtMs = 0;
  }

  #countDoors(nowMs: number): void {
    this.#recountAtMs = nowMs + recountEveryMs;
    this.#doorsAsking = 0;
    for (const [doorId, askedAtMs] of this.#doors) {
      if (nowMs - askedAtMs < quietMs) this.#doorsAsking += 1;
      else if (nowMs - askedAtMs > forgottenMs) this.#doors.delete(doorId);
    }
  }

  #recall(history: readonly DoorHistory[], nowMs: number): void {
    for (const { scope, entries } of history) {
      const window = this.#windowOf(scope);
      for (const [ageMs, tokens] of entries) window.reserve(tokens, nowMs - ageMs);
      window.sort();
    }
  }

  /** Requests that left the window are of no account any more. */
  #forget(): void {
    for (const [id, counted] of this.#counted) {
      if (!counted.every(({ reserved }) => reserved.isGone)) return;
      this.#counted.delete(id);
    }
  }

  #windowOf(scope: string): RateWindow {
    const window = this.#windows.get(scope) ?? new RateWindow();
    this.#windows.set(scope, window);
    return window;
  }
}
