import { AppError, type Backend } from '@switchyard/domain';
import type { z } from 'zod';
import { backendSchema } from './backend-schema.js';
import { toBackend } from './backends.js';
import { tariffSection } from './tariff-schema.js';

type Entry = z.output<typeof backendSchema>;

/** Settings of a backend that may change while it is in use, by their names in the file. */
const changeable = [
  'priority',
  'weight',
  'is_enabled',
  'max_concurrent_requests',
  'expected_response_time_ms',
  'quality_score',
  'region',
  'tags',
] as const;

const changeSchema = backendSchema.pick(
  Object.fromEntries(changeable.map((name) => [name, true])) as Record<
    (typeof changeable)[number],
    true
  >,
);

/**
 * A backend in the words of `backend_instances`, as an API takes it: all but `api_key`, which stays
 * in the file. Throws AppError `validation_failed` naming each field at fault.
 */
export function readBackendEntry(id: string, given: unknown): Backend {
  refuseKey(given);
  const entry = checked<Entry>(backendSchema.omit({ api_key: true }), given);
  return { ...toBackend(id, entry, noPrices), origin: 'registered' };
}

/** Some settings of a backend; only those that were given. Throws as `readBackendEntry`. */
export function readBackendChange(given: unknown): Partial<Backend> {
  refuseKey(given);
  const entry = checked<Entry>(changeSchema, given);
  const all: Partial<Backend> = {
    priority: entry.priority,
    weight: entry.weight,
    isEnabled: entry.is_enabled,
    maxConcurrentRequests: entry.max_concurrent_requests,
    expectedResponseTimeMs: entry.expected_response_time_ms,
    qualityScore: entry.quality_score,
    region: entry.region,
    tags: entry.tags,
  };
  const asked = new Set(Object.keys(given as object));
  const values = Object.entries(all).filter((_pair, at) => asked.has(changeable[at] ?? ''));
  if (values.length > 0) return Object.fromEntries(values);
  throw new AppError('validation_failed', `give at least one of ${changeable.join(', ')}`);
}

/** What is registered lies in NATS, where no secret may: said in words instead of "not known". */
function refuseKey(given: unknown): void {
  if (typeof given !== 'object' || given === null || !Object.hasOwn(given, 'api_key')) return;
  const problem =
    'is never stored in NATS: write this backend into the switchyard.yaml of its executors, with ' +
    'api_key: "${NAME_OF_A_VARIABLE}", and send them SIGHUP';
  const details = [{ field: 'api_key', problem }];
  throw new AppError('validation_failed', `api_key: ${problem}`, { details });
}

const noPrices = { file: tariffSection.parse({}), map: undefined, note: () => {} };

function checked<Read>(schema: z.ZodType, given: unknown): Read {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data as Read;
  const details = parsed.error.issues.map((issue) => {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.')];
    const problem = issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message;
    return { field: names.join(', ') || 'body', problem };
  });
  const told = details.map(({ field, problem }) => `${field}: ${problem}`).join('; ');
  throw new AppError('validation_failed', told, { details });
}
