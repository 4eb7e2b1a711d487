import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { loadConfig, type LoadOptions } from './load.js';

/** What may change while a process runs; everything else is read once. */
const changeable: ReadonlySet<keyof Config> = new Set([
  'accounts',
  'alerts',
  'rates',
  'apiKeys',
  'backends',
  'keyBackends',
  'tariffs',
  'allowedNetworks',
  'notes',
]);
/** Of sections, what is read each time it is needed. */
const changeableOf: Readonly<Record<string, ReadonlySet<string>>> = {
  queue: new Set(['timeoutMs', 'maxWaitMs']),
  // Trials are counted by the router and by the monitor: both must mean the same.
  breaker: new Set(['failureThreshold', 'openMs']),
};

/** Keys of the file by their names in the configuration, where they differ. */
const fileKeys: Readonly<Record<string, string>> = {
  poolStrategies: 'pools',
  apiKeys: 'api_keys',
  keyBackends: 'backend_instances',
  rates: 'rate_limits',
  'queue.isPriorityEnabled': 'queue.priority_enabled',
  'queue.timeoutMs': 'queue.timeout',
  'queue.maxWaitMs': 'queue.max_wait',
  'breaker.failureThreshold': 'circuit_breaker.failure_threshold',
  'breaker.openMs': 'circuit_breaker.recovery_timeout',
  prefixCache: 'prefix_cache',
  'breaker.trialsMax': 'circuit_breaker.half_open_max_requests',
  'queue.retryAttempts': 'queue.retry_attempts',
  'queue.retryDelaysMs': 'queue.retry_delays',
  'gateway.bodyLimitBytes': 'gateway.body_limit',
  'nats.inlineLimitBytes': 'nats.inline_limit',
};

/** Told of each new configuration; what it may hold that is new is in `reload`. */
export type ConfigListener = (config: Config) => void;

/**
 * The configuration of a running process, read again when it is told to. A file with any problem,
 * or with a change of what needs a restart, changes nothing.
 */
export class ConfigReloads {
  readonly #options: LoadOptions;
  readonly #listeners = new Set<ConfigListener>();
  #current: Config;

  /** `current`: as the process was started; `options`: how it was read. */
  constructor(current: Config, options: LoadOptions) {
    this.#current = current;
    this.#options = options;
  }

  /** As last read and accepted. */
  get current(): Config {
    return this.#current;
  }

  /** Calls `listener` after each change; returns what stops that. */
  onChange(listener: ConfigListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Reads the file again and tells who listens. Returns what changed. Throws ConfigError with every
   * problem at once; then everything stays as it is.
   */
  reload(): readonly string[] {
    const read = loadConfig(this.#options);
    // Where it keeps its data may have been moved after it was read, as a demo does.
    const next = { ...read, dataDir: this.#current.dataDir };
    const changed = changedKeys(this.#current, next);
    const refused = changed.filter((key) => !mayChange(key));
    if (refused.length > 0) throw new ConfigError(refused.map((key) => problemOf(key, next)));
    if (changed.length === 0) return [];
    this.#current = next;
    for (const listener of this.#listeners) listener(next);
    return changed.map(nameOf);
  }
}

/** Keys whose values differ; of sections, the single ones. */
function changedKeys(before: Config, next: Config): readonly string[] {
  return (Object.keys(next) as (keyof Config)[]).flatMap((key) => {
    const [old, now] = [before[key], next[key]];
    if (isDeepStrictEqual(old, now)) return [];
    const isSection = ['queue', 'gateway', 'nats', 'preferences', 'log', 'breaker'].includes(key);
    if (!isSection) return [key];
    const [was, is] = [old, now] as [Record<string, unknown>, Record<string, unknown>];
    return Object.keys(is)
      .filter((name) => !isDeepStrictEqual(was[name], is[name]))
      .map((name) => `${key}.${name}`);
  });
}

function mayChange(key: string): boolean {
  const [section, name] = key.split('.');
  if (section && name) return changeableOf[section]?.has(name) === true;
  return changeable.has(key as keyof Config);
}

const nameOf = (key: string): string => fileKeys[key] ?? key;

const problemOf = (key: string, { file }: Config): ConfigProblem => ({
  where: file ?? 'environment',
  key: nameOf(key),
  problem: 'cannot change while it runs',
  remedy: 'restart it, or take the change back; nothing was changed',
});
