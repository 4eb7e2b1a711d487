import {
  type Dialect,
  dialectOfKind,
  encodeUsdMicros,
  invalidFields,
  jobFromBinary,
  readBody,
  type WireJob,
} from '@switchyard/contracts';
import { AppError, defaultPriority, isJobKind } from '@switchyard/domain';
import { findServedStrategy, servedStrategies } from '@switchyard/routing';
import { z } from 'zod';
import { type JobTags, someTags, tagsSchema } from './job-tags.js';
import { kindOfWord } from './task-words.js';

const isServed = (name: string): boolean => !('unknown' in findServedStrategy(name));
const instantMs = z.number().int().min(0).max(8.64e15);

/** The body of `POST /api/v1/tasks`. */
export const taskSchema = z.object({
  payload: z.union([z.string().min(1, 'must not be empty'), z.record(z.string(), z.unknown())], {
    error: 'must be a text or an object',
  }),
  parameters: z.record(z.string(), z.unknown()).default({}),
  priority: z.number().int('must be a whole number').min(0).max(10).default(defaultPriority),
  kind: z.string().max(64).default('chat'),
  userId: z.string().max(256).optional(),
  timeoutMs: z
    .number()
    .int()
    .positive()
    .max(7 * 86_400_000)
    .optional(),
  deadlineAtMs: instantMs.optional(),
  idempotencyKey: z.string().min(1).max(255).optional(),
  preferences: z
    .object({
      preferredBackend: z.string().max(64).optional(),
      maxCostPerJob: z.number().min(0).max(1e6).nullish(),
      prioritizeSpeed: z.boolean().optional(),
      allowCloudFallback: z.boolean().optional(),
    })
    .optional(),
  strategy: z
    .string()
    .max(64)
    .refine(isServed, `must be one of ${servedStrategies.join(', ')}`)
    .optional(),
  stream: z.boolean().optional(),
  tags: tagsSchema
    .optional()
    .describe('What a backend must have, each of them; costs are counted under them too.'),
  costTags: tagsSchema
    .optional()
    .describe('What costs are counted under beside `tags`; no backend needs to have them.'),
});
type TaskBody = z.infer<typeof taskSchema>;

/** A task as asked for, ready to be submitted but for who asks. */
export type TaskAsk = JobTags & {
  readonly dialect: Dialect;
  readonly model: string;
  readonly body: object;
  readonly priority: number;
  readonly stream: boolean;
  readonly maxOutputTokens: number | undefined;
  readonly estimatedInputTokens: number;
  readonly userId: string | undefined;
  readonly deadlineAtMs: number | undefined;
  readonly idempotencyKey: string | undefined;
  readonly preferences: WireJob['preferences'];
  readonly strategy: string | undefined;
};

/** Reads a task from JSON. Throws AppError `invalid_request` naming each field at fault. */
export function readTask(value: unknown, nowMs: number): TaskAsk {
  const parsed = taskSchema.safeParse(value);
  if (!parsed.success) throw invalidFields(parsed.error);
  const task = parsed.data;
  const kind = kindOfWord(task.kind);
  const dialect = dialectFor(kind);
  const body = bodyOf(task, kind);
  const read = readBodyOf(dialect, body, typeof task.payload === 'string');
  const { timeoutMs } = task;
  return {
    dialect,
    model: read.model,
    body,
    priority: task.priority,
    stream: read.stream,
    maxOutputTokens: read.maxOutputTokens,
    estimatedInputTokens: read.estimatedInputTokens,
    userId: task.userId,
    deadlineAtMs: timeoutMs === undefined ? task.deadlineAtMs : nowMs + timeoutMs,
    idempotencyKey: task.idempotencyKey,
    preferences: preferencesOf(task),
    strategy: task.strategy,
    tags: someTags(task.tags),
    costTags: someTags(task.costTags),
  };
}

/**
 * Reads a task from a `switchyard.v1.Job` in binary protobuf; its id and account count for nothing
 * here.
 */
export function readBinaryTask(data: Uint8Array): TaskAsk {
  const job = jobFromBinary(data);
  const kind = job.kind || 'chat';
  const dialect = dialectFor(kind);
  const body = { ...(job.model ? { model: job.model } : {}), ...job.body };
  const read = readBody(dialect, body);
  const priority = job.priority ?? defaultPriority;
  if (priority < 0 || priority > 10) throw invalid('priority', 'must be 0 to 10');
  return {
    dialect,
    model: read.model,
    body,
    priority,
    stream: read.stream,
    maxOutputTokens: read.maxOutputTokens,
    estimatedInputTokens: read.estimatedInputTokens,
    userId: job.userId || undefined,
    deadlineAtMs: job.deadlineAtMs || undefined,
    idempotencyKey: job.idempotencyKey || undefined,
    preferences: job.preferences,
    strategy: job.strategy || undefined,
    ...binaryTags(job),
  };
}

/** Checked as those of a JSON body. */
function binaryTags({ tags, costTags }: Pick<WireJob, 'tags' | 'costTags'>): JobTags {
  const parsed = taskSchema.pick({ tags: true, costTags: true }).safeParse({ tags, costTags });
  if (!parsed.success) throw invalidFields(parsed.error);
  return { tags: someTags(parsed.data.tags), costTags: someTags(parsed.data.costTags) };
}

function dialectFor(kind: string): Dialect {
  if (!isJobKind(kind)) throw invalid('kind', `"${kind.slice(0, 64)}" is no kind of job`);
  const dialect = dialectOfKind(kind);
  if (!dialect) throw invalid('kind', `no backend kind runs "${kind}" jobs yet`);
  return dialect;
}

function bodyOf({ payload, parameters, stream }: TaskBody, kind: string): Record<string, unknown> {
  const asked =
    typeof payload === 'string'
      ? { ...parameters, ...promptOf(payload, kind) }
      : { ...parameters, ...payload };
  return stream === undefined || kind === 'embedding' ? asked : { ...asked, stream };
}

function promptOf(text: string, kind: string): object {
  if (kind === 'completion') return { prompt: text };
  if (kind === 'embedding') return { input: text };
  return { messages: [{ role: 'user', content: text }] };
}

/** Checks the dialect's body; the fields at fault are named as the caller wrote them. */
function readBodyOf(dialect: Dialect, body: object, isText: boolean) {
  try {
    return readBody(dialect, body);
  } catch (caught) {
    const error = AppError.from(caught);
    const details = error.details.map((detail) => ({
      ...detail,
      field: `${isText || detail.field === 'model' ? 'parameters' : 'payload'}.${detail.field}`,
    }));
    const [first] = details;
    throw new AppError(error.code, first ? `${first.field}: ${first.problem}` : error.message, {
      details,
    });
  }
}

function preferencesOf({ preferences }: TaskBody): WireJob['preferences'] {
  if (!preferences) return undefined;
  const { preferredBackend, maxCostPerJob, prioritizeSpeed, allowCloudFallback } = preferences;
  return {
    preferredBackend: preferredBackend === 'auto' ? undefined : preferredBackend,
    maxCostUsdMicros:
      typeof maxCostPerJob === 'number'
        ? encodeUsdMicros(Math.floor(maxCostPerJob * 1e6))
        : undefined,
    prioritizeSpeed,
    allowCloudFallback,
  };
}

const invalid = (field: string, problem: string) =>
  new AppError('invalid_request', `${field}: ${problem}`, { details: [{ field, problem }] });
