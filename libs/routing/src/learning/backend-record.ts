import type { BackendStats, ModelSpeed } from '../backend-stats.js';
import { BackendWindow, type BackendWindowState } from './backend-window.js';
import type { Observation, verdictOf } from './observation.js';
import { QualityHistory } from './quality-history.js';
import { RecentMap } from './recent-map.js';
import { SpeedRecord, type SpeedRecordState } from './speed-record.js';

/** What a backend's record is saved as. */
export type BackendRecordState = {
  readonly window: BackendWindowState;
  readonly quality: readonly number[];
  readonly speeds: readonly (readonly [model: string, speed: SpeedRecordState])[];
};

/** So many models' speeds are kept of each backend. */
const modelsMax = 64;

/** What is learned of one backend, its models' speeds included. */
export class BackendRecord {
  readonly quality = new QualityHistory();
  readonly #window = new BackendWindow();
  readonly #speeds = new RecentMap<SpeedRecord>(modelsMax);
  /** Made anew after a change, so that rows may share it. */
  #models: Readonly<Record<string, ModelSpeed>> | undefined;

  /** Takes one ended attempt in; `alpha` is the share of the newest. */
  observe(one: Observation, verdict: ReturnType<typeof verdictOf>, alpha: number): void {
    if (verdict === 'nothing') this.#window.ended(one.endedAtMs);
    if (verdict === 'fault') this.#window.failed(one.endedAtMs);
    if (verdict !== 'success') return;
    this.#window.succeeded(one.durationMs, one.endedAtMs);
    this.#speeds.use(one.model, () => new SpeedRecord()).add(one, alpha);
    this.#models = undefined;
  }

  /** What it comes to at `nowMs`. */
  stats(nowMs: number): Partial<BackendStats> {
    this.#models ??= Object.fromEntries(
      [...this.#speeds.entries()].map(([model, record]) => [model, record.speed()]),
    );
    const historicalQuality = this.quality.mean();
    return { ...this.#window.stats(nowMs), historicalQuality, models: this.#models };
  }

  /** Mean of its last 100 durations and their number. */
  durations(): ReturnType<BackendWindow['durations']> {
    return this.#window.durations();
  }

  /** As plain data. */
  state(): BackendRecordState {
    return {
      window: this.#window.state(),
      quality: this.quality.state(),
      speeds: [...this.#speeds.entries()].map(
        ([model, record]) => [model, record.state()] as const,
      ),
    };
  }

  /** Takes over a state. */
  restore({ window, quality, speeds }: BackendRecordState): void {
    this.#window.restore(window);
    this.quality.restore(quality);
    for (const [model, speed] of speeds) {
      this.#speeds.use(model, () => new SpeedRecord()).restore(speed);
    }
    this.#models = undefined;
  }
}
