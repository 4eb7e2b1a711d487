import type { Backend, Tariff } from '@switchyard/domain';
import { isNearby } from './addresses.js';
import type { ConfigFile } from './schema.js';

type FileBackend = ConfigFile['backend_instances'][string];

/** The backend of one entry of `backend_instances`. */
export const toBackend = (id: string, entry: FileBackend): Backend => ({
  id,
  kind: entry.backend_type,
  endpointUrl: entry.endpoint_url.replace(/\/+$/, ''),
  ...(entry.api_key === undefined ? {} : { apiKey: entry.api_key }),
  // Whoever forbids the cloud must not reach it because an entry leaves its class out.
  class: entry.class ?? (isNearby(entry.endpoint_url) ? 'local' : 'remote'),
  priority: entry.priority,
  weight: entry.weight,
  isEnabled: entry.is_enabled,
  supportedModels: entry.supported_models,
  modelAliases: entry.model_aliases,
  ...(entry.max_concurrent_requests === undefined
    ? {}
    : { maxConcurrentRequests: entry.max_concurrent_requests }),
  requestTimeoutMs: entry.request_timeout,
  firstTokenTimeoutMs: entry.first_token_timeout,
  connectTimeoutMs: entry.connect_timeout,
  expectedResponseTimeMs: entry.expected_response_time_ms,
  qualityScore: entry.quality_score,
  tariff: toTariff(entry.cost),
  ...(entry.region === undefined ? {} : { region: entry.region }),
  tags: entry.tags,
  simulated: false,
  origin: 'configured',
  lastResort: false,
});

const toTariff = (cost: FileBackend['cost']): Tariff => ({
  perJobUsdMicros: cost.per_job_usd,
  perMtokInputUsdMicros: cost.per_1m_input_usd,
  perMtokOutputUsdMicros: cost.per_1m_output_usd,
  perMtokCachedInputUsdMicros: cost.per_1m_cached_input_usd,
  perSecondUsdMicros: cost.per_second_usd,
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
  tariff: {},
  tags: [],
  simulated: false,
  lastResort: false,
  ...backend,
});
