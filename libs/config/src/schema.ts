import { isToken } from '@switchyard/domain';
import { z } from 'zod';
import { duration, size, usd } from './units.js';

const whole = (min: number, max: number) =>
  z
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(min, `must be ${min} or more`)
    .max(max, `must be ${max} or less`);
const ratio = z
  .number({ error: 'must be a number from 0 to 1' })
  .min(0, 'must be 0 or more')
  .max(1, 'must be 1 or less');
const flag = z.boolean({ error: 'must be true or false' });
const id = z.string().refine(isToken, 'must match [A-Za-z0-9_-]{1,64}');
const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of a key, 64 hexadecimal digits');

const webAddress = z.string().refine((text) => {
  if (!URL.canParse(text)) return false;
  return ['http:', 'https:'].includes(new URL(text).protocol);
}, 'must be an http:// or https:// address');

const cost = z.strictObject({
  per_job_usd: usd.optional(),
  per_1m_input_usd: usd.optional(),
  per_1m_output_usd: usd.optional(),
  per_1m_cached_input_usd: usd.optional(),
  per_second_usd: usd.optional(),
});

/** One entry of `backend_instances`. */
export const backendSchema = z.strictObject({
  backend_type: z.enum(['ollama', 'openai-compatible'], {
    error: 'must be ollama or openai-compatible',
  }),
  endpoint_url: webAddress,
  api_key: z.string().min(1, 'must not be empty').optional(),
  class: z.enum(['local', 'remote'], { error: 'must be local or remote' }).default('local'),
  priority: whole(1, 1_000).default(1),
  weight: z.number({ error: 'must be a number' }).positive('must be more than 0').default(1),
  is_enabled: flag.default(true),
  supported_models: z.array(z.string().min(1)).default([]),
  model_aliases: z.record(z.string(), z.string()).default({}),
  max_concurrent_requests: whole(1, 10_000).optional(),
  request_timeout: duration.default(300_000),
  first_token_timeout: duration.default(30_000),
  connect_timeout: duration.default(5_000),
  expected_response_time_ms: whole(1, 3_600_000).default(1_000),
  quality_score: ratio.default(1),
  region: z.string().min(1).optional(),
  tags: z.array(z.string().min(1)).default([]),
  cost: cost.default({}),
});

/** `switchyard.yaml` as a whole; `strategyNames` are those that exist. */
export const fileSchema = (strategyNames: readonly string[]) => {
  const strategy = z
    .string()
    .refine((name) => strategyNames.includes(name), `must be one of ${strategyNames.join(', ')}`);
  return z.strictObject({
    gateway: z
      .strictObject({
        host: z.string().min(1).optional(),
        port: whole(1, 65_535).optional(),
        body_limit: size.default(20 * 1_024 ** 2),
      })
      .prefault({}),
    api_keys: z.array(z.strictObject({ name: id, account: id, sha256 })).default([]),
    nats: z
      .strictObject({
        url: z.string().nullish(),
        sync: z
          .enum(['default', 'always'], { error: 'must be default or always' })
          .default('default'),
        replicas: whole(1, 5).default(1),
        inline_limit: size
          .refine(
            (bytes) => bytes <= 700 * 1_024,
            'must be at most 700KiB, since NATS takes messages of 1 MiB',
          )
          .default(256 * 1_024),
      })
      .prefault({}),
    strategy: strategy.default('score'),
    pools: z
      .record(z.enum(['chat', 'completion', 'embedding']), z.strictObject({ strategy }))
      .optional(),
    queue: z
      .strictObject({
        capacity: whole(1, 10_000_000).default(200_000),
        priority_enabled: flag.default(true),
        timeout: duration.default(30_000),
        max_wait: duration.default(86_400_000),
        retry_attempts: whole(1, 10).default(3),
        retry_delays: z
          .array(duration)
          .min(1, 'must hold at least one duration')
          .default([1_000, 3_000]),
      })
      .prefault({}),
    backend_instances: z.record(id, backendSchema).default({}),
    preferences: z
      .strictObject({
        preferred_backend: z.string().default('auto'),
        max_cost_per_job_usd: usd.nullable().default(null),
        prioritize_speed: flag.default(false),
        allow_cloud_fallback: flag.default(true),
      })
      .prefault({}),
  });
};

export type ConfigFile = z.infer<ReturnType<typeof fileSchema>>;

/** Keys that are known but whose feature does not exist yet: refused by name, since ignoring them would mislead. */
export const notBuiltKeys: ReadonlySet<string> = new Set([
  'environment',
  'budgets',
  'max_requests_per_minute',
  'max_tokens_per_minute',
  'rate_limit_per_minute',
  'circuit_breaker_enabled',
  'failure_threshold',
  'recovery_timeout_seconds',
  'half_open_max_requests',
  'health_check_path',
  'health_check_interval_seconds',
  'alert_thresholds',
  'enable_caching',
  'cache_ttl',
  'learning_rate',
  'cost_per_1k_tokens',
]);

/** Backend kinds that are known but have no executor yet. */
export const notBuiltKinds: ReadonlySet<string> = new Set([
  'comfyui',
  'runpod',
  'gemini',
  'perplexity',
  'lightrag',
  'grpc',
]);
