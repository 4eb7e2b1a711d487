import { type Bus, type Entry, type KeyValues, openOnce, raiseAlert } from '@switchyard/bus';
import {
  type PreferenceSetting,
  routingSettings,
  type StrategySetting,
} from '@switchyard/contracts';
import { AppError, type Log } from '@switchyard/domain';
import { withWishes } from '@switchyard/routing';
import type { StrategyChange } from './strategy-request.js';

/** Writers that came in between are given way to so many times. */
const triesMax = 5;

type SettingsDeps = { readonly bus: Bus; readonly log: Log; readonly now: () => number };

/**
 * What may be changed of routing while it runs. It lies in the bucket of settings, which every
 * router follows, so that all of them decide alike, and those to come too.
 */
export class RoutingSettings {
  readonly #deps: SettingsDeps;
  readonly #bucket: () => Promise<KeyValues<object>>;

  constructor(deps: SettingsDeps) {
    this.#deps = deps;
    this.#bucket = openOnce(() => deps.bus.keyValues<object>('settings'));
  }

  /** What was changed of the strategies; undefined where nothing ever was. */
  async strategy(): Promise<Entry<StrategySetting> | undefined> {
    return this.#read<StrategySetting>(routingSettings.strategy);
  }

  /**
   * Changes the strategy of all pools, or of one, and tells it as an event. Throws AppError
   * `conflict` where the caller has seen another revision.
   */
  async changeStrategy(account: string, change: StrategyChange): Promise<Entry<StrategySetting>> {
    const { strategy, pool, revision } = change;
    const changed = await this.#change<StrategySetting>(
      routingSettings.strategy,
      (before) => ({
        ...(pool === undefined ? named(strategy) : named(before?.strategy)),
        pools: { ...before?.pools, ...poolOf(pool, strategy) },
        changedAtMs: this.#deps.now(),
        changedBy: account,
      }),
      revision,
    );
    await this.#tell(account, change, changed);
    return changed;
  }

  /** What an account prefers, or with no account everybody. */
  async preferences(account?: string): Promise<PreferenceSetting> {
    return (await this.#read<PreferenceSetting>(keyOf(account)))?.value ?? {};
  }

  /** Adds wishes to those kept. */
  async changePreferences(
    account: string | undefined,
    wishes: PreferenceSetting,
  ): Promise<PreferenceSetting> {
    const changed = await this.#change<PreferenceSetting>(keyOf(account), (before) =>
      withWishes(before ?? {}, wishes),
    );
    return changed.value;
  }

  async #change<Value extends object>(
    key: string,
    next: (before: Value | undefined) => Value,
    revision?: number,
  ): Promise<Entry<Value>> {
    const bucket = (await this.#bucket()) as KeyValues<Value>;
    for (let tries = 0; tries < triesMax; tries += 1) {
      const before = await bucket.get(key);
      if (revision !== undefined && revision !== (before?.revision ?? 0)) throw stale();
      const value = next(before?.value);
      const written = await bucket.replace(key, value, before?.revision);
      if (written !== undefined) return { key, value, revision: written };
    }
    throw stale();
  }

  async #read<Value extends object>(key: string): Promise<Entry<Value> | undefined> {
    return ((await this.#bucket()) as KeyValues<Value>).get(key);
  }

  /** An audit that cannot be stored does not undo the change. */
  async #tell(
    account: string,
    { strategy, pool }: StrategyChange,
    { revision }: Entry<StrategySetting>,
  ): Promise<void> {
    const where = pool === undefined ? 'all pools' : `the pool ${pool}`;
    const what = strategy === null ? 'as configured again' : strategy;
    const { bus, log, now } = this.#deps;
    try {
      await raiseAlert(bus, {
        about: ['routing', 'strategy'],
        occurrence: String(revision),
        kind: 'routing.strategy',
        severity: 'info',
        source: 'gateway',
        atMs: now(),
        title: `strategy of ${where}: ${what}`,
        message: `The account ${account} changed the strategy of ${where} to ${what}.`,
        facts: { strategy, pool: pool ?? null, changedBy: account, revision },
      });
    } catch (caught) {
      const err = AppError.from(caught).message;
      log.warn({ err, strategy, pool, account }, 'a change of strategy could not be told');
    }
  }
}

const keyOf = (account: string | undefined): string =>
  account === undefined ? routingSettings.preferences : routingSettings.preferencesOf(account);

const named = (strategy: string | null | undefined) => (strategy ? { strategy } : {});

/** A pool that goes by the others again has the empty name, which no strategy has. */
const poolOf = (pool: string | undefined, strategy: string | null): Record<string, string> =>
  pool === undefined ? {} : { [pool]: strategy ?? '' };

const stale = () =>
  new AppError('conflict', 'revision: the strategy was changed by somebody else; read it again', {
    details: [{ field: 'revision', problem: 'is not the newest', remedy: 'read it again' }],
  });
