import type { Backend } from '@switchyard/domain';
import { isNearby } from './addresses.js';
import type { ConfigFile } from './schema.js';
import { type Prices, priced, toTariff } from './tariffs.js';

type FileBackend = ConfigFile['backend_instances'][string];

/** The backend of one entry of `backend_instances`. */
export function toBackend(id: string, entry: FileBackend, prices: Prices): Backend {
  // Whoever forbids the cloud must not reach it because an entry leaves its class out.
  const place = entry.class ?? (isNearby(entry.endpoint_url) ? 'local' : 'remote');
  return priced(plainBackend(id, entry, place), entry.price_provider, prices);
}

const plainBackend = (id: string, entry: FileBackend, place: Backend['class']): Backend => ({
  id,
  kind: entry.backend_type,
  endpointUrl: entry.endpoint_url.replace(/\/+$/, ''),
  ...(entry.api_key === undefined ? {} : { apiKey: entry.api_key }),
  class: place,
  priority: entry.priority,
  weight: entry.weight,
  isEnabled: entry.is_enabled,
  supportedModels: entry.supported_models,
  modelAliases: entry.model_aliases,
  ...(entry.max_concurrent_requests === undefined
    ? {}
    : { maxConcurrentRequests: entry.max_concurrent_requests }),
  ...(entry.max_requests_per_minute === undefined
    ? {}
    : { requestsPerMinuteMax: entry.max_requests_per_minute }),
  ...(entry.max_tokens_per_minute === undefined
    ? {}
    : { tokensPerMinuteMax: entry.max_tokens_per_minute }),
  ...(entry.prefix_cache_tokens === undefined
    ? {}
    : { prefixCacheTokens: entry.prefix_cache_tokens }),
  requestTimeoutMs: entry.request_timeout,
  firstTokenTimeoutMs: entry.first_token_timeout,
  connectTimeoutMs: entry.connect_timeout,
  expectedResponseTimeMs: entry.expected_response_time_ms,
  qualityScore: entry.quality_score,
  tariff: toTariff(entry.cost, place),
  ...(entry.region === undefined ? {} : { region: entry.region }),
  tags: entry.tags,
  simulated: false,
  origin: 'configured',
  lastResort: false,
});

/** A backend with the defaults of the file, for those that were found and not written down. */
export const foundBackend = (
  backend: Pick<Backend, 'id' | 'kind' | 'endpointUrl' | 'origin'> & Partial<Backend>,
): Backend => ({
  class: 'local',
  priority: 1,
  weight: 1,
  isEnabled: true,
  supportedModels: [],
  modelAliases: {},
  requestTimeoutMs: 300_000,
  firstTokenTimeoutMs: 30_000,
  connectTimeoutMs: 5_000,
  expectedResponseTimeMs: 1_000,
  qualityScore: 1,
  tariff: toTariff({}, backend.class ?? 'local'),
  tags: [],
  simulated: false,
  lastResort: false,
  ...backend,
});
