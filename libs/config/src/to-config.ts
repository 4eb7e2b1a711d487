import { isAbsolute, join, resolve } from 'node:path';
import { toAccountLimits, toRates } from './account-schema.js';
import { toAlerts } from './alert-schema.js';
import { toBackend } from './backends.js';
import { toBudgets } from './budget-schema.js';
import { type Config, logFormats, logLevels } from './config.js';
import type { EnvironmentReader } from './environment.js';
import { keyBackends } from './key-backends.js';
import { toPrefixCache } from './prefix-cache-schema.js';
import type { ConfigFile } from './schema.js';
import { toFileTariffs } from './tariffs.js';

type FileWithPath = { readonly file: ConfigFile; readonly path: string | undefined };

/** The configuration of a file with its defaults, and of the variables that override it. */
export function toConfig(
  { file, path }: FileWithPath,
  reader: EnvironmentReader,
  cwd: string,
  map?: unknown,
): Config {
  const notes: string[] = [];
  const prices = { file: file.tariffs, map, note: (problem: string) => notes.push(problem) };
  const backends = Object.entries(file.backend_instances).map(([id, entry]) =>
    toBackend(id, entry, prices),
  );
  return {
    gateway: gatewayOf(file, reader),
    apiKeys: [
      ...file.api_keys.map(({ admin: isAdmin, ...key }) => (isAdmin ? { ...key, isAdmin } : key)),
      ...reader.apiKeys(),
    ],
    nats: {
      url: reader.natsUrl() ?? file.nats.url,
      sync: file.nats.sync,
      replicas: file.nats.replicas,
      inlineLimitBytes: file.nats.inline_limit,
    },
    strategy: file.strategy,
    poolStrategies: Object.fromEntries(
      Object.entries(file.pools).flatMap(([kind, pool]) => (pool ? [[kind, pool.strategy]] : [])),
    ),
    queue: queueOf(file),
    rates: toRates(file.rate_limits),
    accounts: Object.fromEntries(
      Object.entries(file.accounts).map(([account, entry]) => [account, toAccountLimits(entry)]),
    ),
    breaker: {
      failureThreshold: file.circuit_breaker.failure_threshold,
      openMs: file.circuit_breaker.recovery_timeout,
      trialsMax: file.circuit_breaker.half_open_max_requests,
    },
    prefixCache: toPrefixCache(file.prefix_cache),
    allowedNetworks: file.registration.allowed_networks,
    backends,
    keyBackends: keyBackends(reader.env, backends, prices),
    tariffs: toFileTariffs(file.tariffs),
    alerts: toAlerts(file.alerts),
    budgets: toBudgets(file.budgets),
    notes,
    preferences: preferencesOf(file),
    dataDir: resolve(cwd, reader.text('SWITCHYARD_DATA_DIR') ?? '.switchyard'),
    cacheDir: cacheDirOf(reader, cwd),
    log: {
      level: reader.oneOf('SWITCHYARD_LOG_LEVEL', logLevels) ?? 'info',
      format: reader.oneOf('SWITCHYARD_LOG_FORMAT', logFormats) ?? 'auto',
    },
    adminPort: reader.port('SWITCHYARD_ADMIN_PORT') ?? 0,
    faultPoint: reader.faultPoint(),
    file: path,
  };
}

const preferencesOf = ({ preferences }: ConfigFile): Config['preferences'] => ({
  preferredBackend: preferences.preferred_backend,
  maxCostPerJobUsdMicros: preferences.max_cost_per_job_usd ?? null,
  prioritizeSpeed: preferences.prioritize_speed,
  allowCloudFallback: preferences.allow_cloud_fallback,
});

const queueOf = ({ queue }: ConfigFile): Config['queue'] => ({
  capacity: queue.capacity,
  isPriorityEnabled: queue.priority_enabled,
  timeoutMs: queue.timeout,
  maxWaitMs: queue.max_wait,
  retryAttempts: queue.retry_attempts,
  retryDelaysMs: queue.retry_delays,
});

function gatewayOf({ gateway }: ConfigFile, reader: EnvironmentReader): Config['gateway'] {
  const port = reader.port('SWITCHYARD_HTTP_PORT') ?? gateway.port;
  return {
    host: reader.text('SWITCHYARD_HTTP_HOST') ?? gateway.host ?? '127.0.0.1',
    port: { value: port ?? 8_080, isSet: port !== undefined },
    bodyLimitBytes: gateway.body_limit,
  };
}

/** As the XDG rules say, which ignore a cache folder that is not absolute. */
function cacheDirOf(reader: EnvironmentReader, cwd: string): string {
  const cache = reader.text('XDG_CACHE_HOME');
  const folder = cache && isAbsolute(cache) ? cache : join(reader.text('HOME') ?? cwd, '.cache');
  return join(folder, 'switchyard');
}
