import {
  accountOfSetting,
  changedStrategyFor,
  type PreferenceSetting,
  routingSettings,
  type StrategySetting,
} from '@switchyard/contracts';
import {
  type Preferences,
  type PreferenceWishes,
  readWishes,
  resolvePreferences,
} from '@switchyard/routing';
import type { JobDefaults } from './stamps.js';

type Configured = Pick<JobDefaults, 'strategyFor' | 'preferences'>;

/**
 * How jobs are routed: as configured, or as it was changed since. Every router folds the same
 * settings, so that one that takes over decides alike. A setting that cannot be used is none.
 */
export class Policy {
  readonly #configured: Configured;
  readonly #wishes = new Map<string, PreferenceWishes>();
  readonly #resolved = new Map<string, Preferences>();
  #strategy: StrategySetting | undefined;
  #preferences: Preferences;

  constructor(configured: Configured) {
    this.#configured = configured;
    this.#preferences = configured.preferences;
  }

  /** What was changed goes before the configuration, and for a pool before what was for all. */
  strategyFor(kind: string): string {
    return changedStrategyFor(this.#strategy, kind) ?? this.#configured.strategyFor(kind);
  }

  /** As the configuration says. */
  configuredFor(kind: string): string {
    return this.#configured.strategyFor(kind);
  }

  /** Of everybody who said nothing else. */
  get preferences(): Preferences {
    return this.#preferences;
  }

  /** What an account prefers; one object for all who said nothing. */
  preferencesFor(account: string): Preferences {
    return this.#resolved.get(account) ?? this.#preferences;
  }

  /** A setting changed, or is gone; false where it is none of routing. */
  fold(key: string, value: object | undefined): boolean {
    const account = accountOfSetting(key);
    if (key === routingSettings.strategy) this.#strategy = value as StrategySetting | undefined;
    else if (key === routingSettings.preferences) {
      this.#preferences = resolvePreferences(
        wishesIn(value),
        undefined,
        this.#configured.preferences,
      );
      for (const [each, wishes] of this.#wishes) this.#resolve(each, wishes);
    } else if (account !== undefined) {
      this.#resolve(account, wishesIn(value) ?? {});
    } else return false;
    return true;
  }

  #resolve(account: string, wishes: PreferenceWishes): void {
    if (Object.keys(wishes).length === 0) {
      this.#wishes.delete(account);
      this.#resolved.delete(account);
      return;
    }
    this.#wishes.set(account, wishes);
    this.#resolved.set(account, resolvePreferences(undefined, wishes, this.#preferences));
  }
}

function wishesIn(value: PreferenceSetting | object | undefined): PreferenceWishes | undefined {
  const read = readWishes(value);
  return Array.isArray(read) ? undefined : (read as PreferenceWishes);
}
