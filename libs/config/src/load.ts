import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { faultPoints, type FaultPoint, isToken } from '@switchyard/domain';
import { strategies } from '@switchyard/routing';
import { keyBackends, toBackend } from './backends.js';
import { type ApiKey, type Config, logLevels, type LogLevel } from './config.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { fileSchema } from './schema.js';
import { type Environment, readYaml } from './yaml-file.js';

export type LoadOptions = {
  readonly env: Environment;
  readonly cwd: string;
  /** Names of strategies that exist. @default the registry's */
  readonly strategyNames?: readonly string[];
  /** Reads a file, or undefined where there is none. */
  readonly readFile?: (path: string) => string | undefined;
};

const fileName = 'switchyard.yaml';

/** The environment of this process: the one place where it is read. */
export const processEnv = (): Environment => process.env;

/**
 * The configuration from file and environment, the environment winning. Throws ConfigError with every problem at once.
 */
export function loadConfig(options: LoadOptions): Config {
  const { env, cwd, strategyNames = Object.keys(strategies), readFile = readText } = options;
  const problems: ConfigProblem[] = [];
  const named = env.SWITCHYARD_CONFIG;
  const path = resolve(cwd, named ?? fileName);
  const text = readFile(path);
  if (text === undefined && named) {
    problems.push({ where: 'SWITCHYARD_CONFIG', key: named, problem: 'there is no such file' });
  }
  const read = readYaml(text ?? '', named ?? fileName, env, strategyNames);
  problems.push(...read.problems);
  const file = read.file ?? fileSchema(strategyNames).parse({});
  const reader = new EnvironmentReader(env, problems);
  const host = env.SWITCHYARD_HTTP_HOST || file.gateway.host || '127.0.0.1';
  const envPort = reader.port('SWITCHYARD_HTTP_PORT');
  const apiKeys = [...file.api_keys, ...reader.apiKeys()];
  if (apiKeys.length === 0 && !isLoopback(host)) {
    problems.push({
      where: env.SWITCHYARD_HTTP_HOST ? 'SWITCHYARD_HTTP_HOST' : (named ?? fileName),
      key: 'gateway.host',
      problem: `${host} can be reached from other machines, so API keys are required: make one with "switchyard key new"`,
    });
  }
  const config: Config = {
    gateway: {
      host,
      port: {
        value: envPort ?? file.gateway.port ?? 8_080,
        isSet: (envPort ?? file.gateway.port) !== undefined,
      },
      bodyLimitBytes: file.gateway.body_limit,
    },
    apiKeys,
    nats: {
      url: env.NATS_URL || file.nats.url || undefined,
      sync: file.nats.sync,
      replicas: file.nats.replicas,
      inlineLimitBytes: file.nats.inline_limit,
    },
    strategy: file.strategy,
    poolStrategies: Object.fromEntries(
      Object.entries(file.pools ?? {}).map(([kind, pool]) => [kind, pool.strategy]),
    ),
    queue: {
      capacity: file.queue.capacity,
      isPriorityEnabled: file.queue.priority_enabled,
      timeoutMs: file.queue.timeout,
      maxWaitMs: file.queue.max_wait,
      retryAttempts: file.queue.retry_attempts,
      retryDelaysMs: file.queue.retry_delays,
    },
    backends: Object.entries(file.backend_instances).map(([id, entry]) => toBackend(id, entry)),
    keyBackends: keyBackends(env),
    preferences: {
      preferredBackend: file.preferences.preferred_backend,
      maxCostPerJobUsdMicros: file.preferences.max_cost_per_job_usd,
      prioritizeSpeed: file.preferences.prioritize_speed,
      allowCloudFallback: file.preferences.allow_cloud_fallback,
    },
    dataDir: resolve(cwd, env.SWITCHYARD_DATA_DIR || '.switchyard'),
    cacheDir: join(env.XDG_CACHE_HOME || join(env.HOME || cwd, '.cache'), 'switchyard'),
    log: {
      level: reader.logLevel(),
      format: reader.oneOf('SWITCHYARD_LOG_FORMAT', ['auto', 'json', 'text'], 'auto'),
    },
    adminPort: reader.port('SWITCHYARD_ADMIN_PORT') ?? 0,
    faultPoint: reader.faultPoint(),
    file: text === undefined ? undefined : path,
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

/** True for an address that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

/** Reads single variables, noting what is wrong with them. */
class EnvironmentReader {
  readonly #env: Environment;
  readonly #problems: ConfigProblem[];

  constructor(env: Environment, problems: ConfigProblem[]) {
    this.#env = env;
    this.#problems = problems;
  }

  port(name: string): number | undefined {
    const text = this.#env[name];
    if (!text) return undefined;
    const port = Number(text);
    if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
    this.#tell(name, text, 'must be a port from 0 to 65535');
    return undefined;
  }

  oneOf<Value extends string>(name: string, allowed: readonly Value[], fallback: Value): Value {
    const text = this.#env[name];
    if (!text) return fallback;
    if ((allowed as readonly string[]).includes(text)) return text as Value;
    this.#tell(name, text, `must be one of ${allowed.join(', ')}`);
    return fallback;
  }

  logLevel(): LogLevel {
    return this.oneOf('SWITCHYARD_LOG_LEVEL', logLevels, 'info');
  }

  /** `SWITCHYARD_API_KEYS`: `name:account:sha256`, several separated by commas. */
  apiKeys(): ApiKey[] {
    const text = this.#env.SWITCHYARD_API_KEYS;
    if (!text) return [];
    return text.split(',').flatMap((entry, at) => {
      const [name, account, sha256, rest] = entry.trim().split(':');
      const isRight =
        isToken(name) &&
        isToken(account) &&
        /^[0-9a-f]{64}$/.test(sha256 ?? '') &&
        rest === undefined;
      if (isRight) return [{ name, account, sha256: sha256 as string }];
      this.#tell(
        'SWITCHYARD_API_KEYS',
        `entry ${at + 1}`,
        'must be name:account:sha256, the SHA-256 in 64 hexadecimal digits',
      );
      return [];
    });
  }

  /** `SWITCHYARD_FAULT_POINT`: a fault point's name, `@n` for its nth hit. */
  faultPoint(): Config['faultPoint'] {
    const text = this.#env.SWITCHYARD_FAULT_POINT;
    if (!text) return undefined;
    const [point = '', hit = '1'] = text.split('@');
    if ((faultPoints as readonly string[]).includes(point) && Number(hit) >= 1) {
      return { point: point as FaultPoint, hit: Number(hit) };
    }
    this.#tell('SWITCHYARD_FAULT_POINT', text, `must be one of ${faultPoints.join(', ')}`);
    return undefined;
  }

  #tell(where: string, key: string, problem: string): void {
    this.#problems.push({ where, key, problem });
  }
}

const readText = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8') : undefined;

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
