import type { Backend, Tariff } from '@switchyard/domain';
import type { ConfigFile } from './schema.js';
import type { Environment } from './yaml-file.js';

type FileBackend = ConfigFile['backend_instances'][string];

/** The backend of one entry of `backend_instances`. */
export const toBackend = (id: string, entry: FileBackend): Backend => ({
  id,
  kind: entry.backend_type,
  endpointUrl: entry.endpoint_url.replace(/\/+$/, ''),
  ...(entry.api_key ? { apiKey: entry.api_key } : {}),
  class: entry.class,
  priority: entry.priority,
  weight: entry.weight,
  isEnabled: entry.is_enabled,
  supportedModels: entry.supported_models,
  modelAliases: entry.model_aliases,
  ...(entry.max_concurrent_requests
    ? { maxConcurrentRequests: entry.max_concurrent_requests }
    : {}),
  requestTimeoutMs: entry.request_timeout,
  firstTokenTimeoutMs: entry.first_token_timeout,
  connectTimeoutMs: entry.connect_timeout,
  expectedResponseTimeMs: entry.expected_response_time_ms,
  qualityScore: entry.quality_score,
  tariff: toTariff(entry.cost),
  ...(entry.region ? { region: entry.region } : {}),
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

/** A backend with the defaults of the file format, for those that were found and not written down. */
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

/**
 * Providers whose keys are looked for in the environment. Their prices are not known here, so the tariff is empty and
 * the list of backends says so; they serve only models that no other backend has.
 */
const providers = [
  { variable: 'OPENAI_API_KEY', id: 'openai', endpointUrl: 'https://api.openai.com/v1' },
  { variable: 'OPENROUTER_API_KEY', id: 'openrouter', endpointUrl: 'https://openrouter.ai/api/v1' },
  { variable: 'GROQ_API_KEY', id: 'groq', endpointUrl: 'https://api.groq.com/openai/v1' },
  { variable: 'MISTRAL_API_KEY', id: 'mistral', endpointUrl: 'https://api.mistral.ai/v1' },
] as const;

/** The paid backends that the environment's keys open. */
export const keyBackends = (env: Environment): Backend[] =>
  providers
    .filter(({ variable }) => env[variable])
    .map(({ variable, id, endpointUrl }) =>
      foundBackend({
        id,
        kind: 'openai-compatible',
        endpointUrl,
        apiKey: env[variable] as string,
        class: 'remote',
        priority: 9,
        origin: 'key',
        lastResort: true,
      }),
    );
