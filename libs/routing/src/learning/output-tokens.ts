import type { AccountId } from '@switchyard/domain';
import { JoinedKeys } from './joined-keys.js';
import { QuantileSketch, type SketchState } from './quantile-sketch.js';
import { RecentMap } from './recent-map.js';

/** What the lengths are saved as, by `<account> <model>`, the one used longest ago first. */
export type OutputTokensState = readonly (readonly [key: string, sketch: SketchState])[];

/** So many accounts' models are kept: 4 MB of counts at most. */
const keysMax = 8192;
/** Fewer answers predict nothing. */
const samplesMin = 20;

/** How long the answers to each account's jobs are, by model: what a learned hold counts with. */
export class OutputTokens {
  /** Accounts have no space in them. */
  readonly #keys = new JoinedKeys();
  readonly #sketches = new RecentMap<QuantileSketch>(keysMax);

  /** Takes in the length of a complete answer. */
  add(account: AccountId, model: string, outputTokens: number): void {
    this.#sketches.use(this.#keys.of(account, model), () => new QuantileSketch()).add(outputTokens);
  }

  /**
   * The length that 95 of 100 answers do not exceed, rounded up; undefined below 20 answers: hold
   * for the longest answer allowed.
   */
  p95(account: AccountId, model: string): number | undefined {
    const sketch = this.#sketches.get(this.#keys.of(account, model));
    if (sketch === undefined || sketch.total < samplesMin) return undefined;
    // The sketch is off by 2 % at most; a hold is never the smaller for it.
    return Math.ceil((sketch.quantile(0.95) ?? 0) * 1.02);
  }

  /** As plain data. */
  state(): OutputTokensState {
    return [...this.#sketches.entries()].map(([key, sketch]) => [key, sketch.state()] as const);
  }

  /** Takes over a state. */
  restore(state: OutputTokensState): void {
    for (const [key, sketch] of state) this.#sketches.set(key, QuantileSketch.of(sketch));
  }
}
