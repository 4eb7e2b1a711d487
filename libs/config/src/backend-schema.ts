import { z } from 'zod';
import { notBuiltKinds } from './not-built.js';
import { costSection } from './tariff-schema.js';
import { duration, flag, given, numeric, optional, text, whole } from './values.js';

const endpointForm = 'must be an http:// or https:// address';
const endpoint = z
  .string({ error: endpointForm })
  .refine((url) => /^https?:\/\//i.test(url) && URL.canParse(url), {
    message: endpointForm,
    abort: true,
  })
  .refine((url) => !/^[^/]*\/\/[^/]*@/.test(url), 'must not carry a user: write api_key')
  .refine((url) => !/[?#]/.test(url), 'must not carry a query or a fragment');

const ratioForm = 'must be a number from 0 to 1';
const ratio = numeric(z.number({ error: ratioForm }).min(0, ratioForm).max(1, ratioForm));

const weightForm = 'must be more than 0 and at most 1000';
const weight = numeric(z.number({ error: weightForm }).positive(weightForm).max(1_000, weightForm));

const kindForm = 'must be ollama or openai-compatible';
const kindError = ({ input }: { readonly input?: unknown }) =>
  notBuiltKinds.has(String(input)) ? `${kindForm}: ${String(input)} is not built yet` : kindForm;
const kinds = ['ollama', 'openai-compatible'] as const;
const classes = ['local', 'remote'] as const;
const list = z.array(text, { error: 'must be a list' });
const names = z.record(z.string(), text, { error: 'must be a mapping' });

/** Tokens of a prefix cache: larger than any that is sold, and a million blocks at the most. */
export const cacheTokens = whole({ min: 1, max: 1_000_000_000 });

/** One entry of `backend_instances`. */
export const backendSchema = z.strictObject({
  backend_type: z.enum(kinds, { error: kindError }),
  endpoint_url: endpoint,
  api_key: optional(text.refine((key) => /^[!-~]+$/.test(key), 'must be one word of ASCII')),
  class: optional(z.enum(classes, { error: 'must be local or remote' })),
  priority: given(whole({ min: 1, max: 1_000 }), 1),
  weight: given(weight, 1),
  is_enabled: given(flag, true),
  supported_models: given(list, []),
  model_aliases: given(names, {}),
  max_concurrent_requests: optional(whole({ min: 1, max: 10_000 })),
  max_requests_per_minute: optional(whole({ min: 1, max: 10_000_000 })),
  max_tokens_per_minute: optional(whole({ min: 1, max: 10_000_000_000 })),
  prefix_cache_tokens: optional(cacheTokens),
  request_timeout: given(duration, 300_000),
  first_token_timeout: given(duration, 30_000),
  connect_timeout: given(duration, 5_000),
  expected_response_time_ms: given(whole({ min: 1, max: 3_600_000 }), 1_000),
  quality_score: given(ratio, 1),
  region: optional(text),
  tags: given(list, []),
  cost: costSection,
  price_provider: optional(text),
});
