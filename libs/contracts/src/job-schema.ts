import {
  AppError,
  isJobKind,
  isPriorityClass,
  isToken,
  priorityClassOf,
  priorityOfClass,
} from '@switchyard/domain';
import { z } from 'zod';
import { decode, jobFromBinary } from './codec.js';
import { dialectOfKind, invalidFields, readBody } from './dialects.js';
import { parseJobSubject } from './subjects.js';
import type { WireJob } from './wire.js';

const tags = z.array(z.string().max(64)).max(32);
const promptKeysLengthMax = 32 * 1024;
const instant = z.number().finite().min(0);
const money = z.union([
  z.string().regex(/^\d{1,15}$/, 'must be whole USD micros'),
  z.number().int().min(0),
]);

/**
 * The envelope of a job; its body is checked by its dialect. Unknown fields are refused by name.
 */
const envelope = z.strictObject({
  id: z
    .string()
    .refine((id) => id === '' || isToken(id), 'must match [A-Za-z0-9_-]{1,64}')
    .optional(),
  kind: z.string().optional(),
  account: z.string().optional(),
  userId: z.string().max(256).optional(),
  priority: z.number().int().min(0).max(10).optional(),
  model: z.string().max(256).optional(),
  dialect: z.enum(['openai.chat', 'openai.completion', 'openai.embedding']).optional(),
  body: z.record(z.string(), z.unknown()).optional(),
  bodyRef: z.string().max(256).optional(),
  stream: z.boolean().optional(),
  submittedAtMs: instant.optional(),
  deadlineAtMs: instant.optional(),
  queueTimeoutMs: instant.optional(),
  runLimitMs: instant.optional(),
  idempotencyKey: z.string().max(255).optional(),
  bodyHash: z.string().max(128).optional(),
  preferences: z
    .strictObject({
      preferredBackend: z.string().max(64).optional(),
      maxCostUsdMicros: money.optional(),
      prioritizeSpeed: z.boolean().optional(),
      allowCloudFallback: z.boolean().optional(),
    })
    .optional(),
  strategy: z.string().max(64).optional(),
  resume: z.enum(['', 'never', 'restart']).optional(),
  estimatedInputTokens: z.number().int().min(0).optional(),
  maxOutputTokens: z.number().int().min(0).optional(),
  tags: tags.optional(),
  costTags: tags.optional(),
  hops: z.number().int().min(0).optional(),
  retry: z.looseObject({ attemptNo: z.number().int().min(1).optional() }).optional(),
  cellSeq: z.number().int().min(0).optional(),
  hasWaiter: z.boolean().optional(),
  retryOf: z.string().max(64).optional(),
  apiKey: z.string().max(64).optional(),
  promptKeys: z.string().max(promptKeysLengthMax).optional(),
});

/** A message from `jobs.submit.*` or `jobs.retry.*`, as it came. */
export type RawJob = {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  /** The id for a submission that brings none. */
  readonly derivedId: string;
  /** When the stream stored it. */
  readonly storedAtMs: number;
};

/** A job with everything a router needs filled in. */
export type ReadJob = WireJob & {
  readonly id: string;
  readonly kind: string;
  readonly account: string;
  readonly priority: number;
  readonly model: string;
  readonly dialect: NonNullable<ReturnType<typeof dialectOfKind>>;
  readonly submittedAtMs: number;
};

/**
 * Reads one message as a job: envelope, subject and body.
 * - The subject's class, kind and account win over the body's words.
 * - Throws AppError `invalid_request` naming each field at fault; the message then is a `rejected`
 *   event, never a crash.
 */
export function readJob(raw: RawJob): ReadJob {
  const parts = parseJobSubject(raw.subject);
  if (!parts || !isPriorityClass(parts.priority)) {
    throw new AppError(
      'invalid_request',
      'subject: must be jobs.submit.<high|normal|low>.<kind>.<account>',
    );
  }
  if (!isJobKind(parts.kind))
    throw new AppError('invalid_request', `subject: "${parts.kind}" is no job kind`);
  const dialect = dialectOfKind(parts.kind);
  if (!dialect)
    throw new AppError('invalid_request', `subject: no backend kind runs "${parts.kind}" jobs yet`);
  const isBinary = raw.contentType === 'application/protobuf';
  const job = isBinary ? jobFromBinary(raw.data) : decode<WireJob>(raw.data);
  const checked = envelope.safeParse(job);
  if (!checked.success) throw invalidFields(checked.error);
  const model = modelOf(job, dialect);
  const named = job.priority;
  const priority =
    named !== undefined && priorityClassOf(named) === parts.priority
      ? named
      : priorityOfClass[parts.priority];
  return Object.assign(job, {
    id: job.id || raw.derivedId,
    kind: parts.kind,
    account: parts.account,
    priority,
    model,
    dialect,
    submittedAtMs: job.submittedAtMs || raw.storedAtMs,
  });
}

/**
 * Checks the body, copies the model into it where only the envelope names one, and returns the
 * model.
 */
function modelOf(job: WireJob, dialect: ReadJob['dialect']): string {
  if (job.bodyRef) {
    if (job.model) return job.model;
    throw new AppError('invalid_request', 'model: must be given beside bodyRef');
  }
  if (!job.body)
    throw new AppError(
      'invalid_request',
      "body: is missing; it holds the request in the job's dialect",
    );
  const { body } = job;
  if (body.model === undefined && job.model) body.model = job.model;
  const read = readBody(dialect, body);
  job.stream = job.stream ?? read.stream;
  job.maxOutputTokens = job.maxOutputTokens ?? read.maxOutputTokens;
  job.estimatedInputTokens = job.estimatedInputTokens ?? read.estimatedInputTokens;
  return read.model;
}
