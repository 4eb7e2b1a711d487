import { isToken } from '@switchyard/domain';
import { findServedStrategy } from '@switchyard/routing';
import { z } from 'zod';
import { isNetwork } from './addresses.js';
import { accountSchema, rateSection } from './account-schema.js';
import { alertSection } from './alert-schema.js';
import { backendSchema } from './backend-schema.js';
import { budgetSection } from './budget-schema.js';
import { environments } from './presets.js';
import { prefixCacheSection } from './prefix-cache-schema.js';
import { tariffSection } from './tariff-schema.js';
import {
  delay,
  duration,
  flag,
  given,
  optional,
  section,
  size,
  text,
  usd,
  whole,
} from './values.js';

const id = text.refine(isToken, 'must be 1 to 64 letters, digits, "_" or "-"');
const digest = z
  .string({ error: 'must be the SHA-256 of a key, 64 hexadecimal digits' })
  .regex(/^[0-9a-f]{64}$/i, 'must be the SHA-256 of a key, 64 hexadecimal digits')
  .toLowerCase();

const keySchema = z.strictObject({
  name: id,
  account: id,
  sha256: digest,
  admin: given(flag, false),
});

const networkForm = 'must be a network such as 192.168.1.0/24';
const network = z.string({ error: networkForm }).refine(isNetwork, networkForm);

/** Addresses of NATS servers: `nats://host:4222`, several separated by commas. */
const natsForm = 'must be the address of a NATS server, such as nats://127.0.0.1:4222';

/** True for what the client takes as servers, with or without a protocol before each. */
export const isNatsUrl = (servers: string): boolean =>
  servers.split(',').every((server) => {
    const url = /^[a-z]+:\/\//i.test(server.trim()) ? server.trim() : `nats://${server.trim()}`;
    return /^(nats|tls|wss?):\/\//i.test(url) && URL.canParse(url) && new URL(url).hostname !== '';
  });

const environmentForm = `must be one of ${environments.join(', ')}`;

/** NATS takes messages of 1 MiB; the job around a body needs its share. */
const inlineMaxBytes = 700 * 1_024;
const inlineForm = 'must be at most 700KiB, since NATS takes messages of 1MiB';

/** `switchyard.yaml` as a whole; `strategyNames` are those that exist. */
export function fileSchema(strategyNames: readonly string[]): ReturnType<typeof makeSchema> {
  const key = strategyNames.join();
  const schema = schemas.get(key) ?? makeSchema(strategyNames);
  schemas.set(key, schema);
  return schema;
}

/** Made once each: a schema takes 20 ms to compile. */
const schemas = new Map<string, ReturnType<typeof makeSchema>>();

/** The name of the strategy that is meant; other products' names for the same are known too. */
const plainStrategy = (name: string): string => {
  const found = findServedStrategy(name);
  return 'unknown' in found ? name : found.name;
};

const makeSchema = (strategyNames: readonly string[]) => {
  const strategyForm = `must be one of ${strategyNames.join(', ')}`;
  const strategy = z
    .string({ error: strategyForm })
    .refine((name) => strategyNames.includes(plainStrategy(name)), strategyForm)
    .transform(plainStrategy);
  const pool = optional(z.strictObject({ strategy }));
  return z.strictObject({
    environment: optional(z.enum(environments, { error: environmentForm })),
    gateway: section({
      host: optional(text),
      port: optional(whole({ min: 0, max: 65_535 })),
      body_limit: given(size, 20 * 1_024 ** 2),
    }),
    api_keys: given(z.array(keySchema), []),
    nats: section({
      url: optional(z.string({ error: natsForm }).refine(isNatsUrl, natsForm)),
      sync: given(z.enum(['default', 'always'], { error: 'must be default or always' }), 'default'),
      replicas: given(whole({ min: 1, max: 5 }), 1),
      inline_limit: given(
        size.refine((bytes) => bytes <= inlineMaxBytes, inlineForm),
        256 * 1_024,
      ),
    }),
    strategy: given(strategy, 'score'),
    pools: section({ chat: pool, completion: pool, embedding: pool }),
    queue: section({
      capacity: given(whole({ min: 1, max: 10_000_000 }), 200_000),
      priority_enabled: given(flag, true),
      timeout: given(duration, 30_000),
      max_wait: given(duration, 86_400_000),
      retry_attempts: given(whole({ min: 1, max: 10 }), 3),
      retry_delays: given(
        z
          .array(delay, { error: 'must be a list of durations such as [1s, 3s]' })
          .min(1, 'must hold at least one duration'),
        [1_000, 3_000],
      ),
    }),
    circuit_breaker: section({
      failure_threshold: given(whole({ min: 1, max: 1_000 }), 5),
      recovery_timeout: given(duration, 60_000),
      half_open_max_requests: given(whole({ min: 1, max: 100 }), 3),
    }),
    prefix_cache: prefixCacheSection,
    registration: section({ allowed_networks: given(z.array(network), []) }),
    rate_limits: rateSection,
    accounts: given(z.record(id, accountSchema), {}),
    backend_instances: given(z.record(id, backendSchema), {}),
    tariffs: tariffSection,
    alerts: alertSection,
    budgets: budgetSection,
    preferences: section({
      preferred_backend: given(id, 'auto'),
      max_cost_per_job_usd: optional(usd),
      prioritize_speed: given(flag, false),
      allow_cloud_fallback: given(flag, true),
    }),
  });
};

/** `switchyard.yaml` after validation, with defaults. */
export type ConfigFile = z.infer<ReturnType<typeof makeSchema>>;
