import { AppError, type FieldProblem, type JobKind } from '@switchyard/domain';
import { z } from 'zod';

/**
 * What we read of a caller's body, per dialect. Everything else in it is left as it came: these
 * schemas check and never rebuild. Source of the fields: the OpenAI API reference, chat
 * completions, completions and embeddings.
 */
export const Dialect = {
  chat: 'openai.chat',
  completion: 'openai.completion',
  embedding: 'openai.embedding',
} as const;
export type Dialect = (typeof Dialect)[keyof typeof Dialect];

/** The dialect in which jobs of a kind are spoken; undefined for kinds that have none yet. */
export const dialectOfKind = (kind: JobKind | string): Dialect | undefined => {
  if (kind === 'chat') return Dialect.chat;
  if (kind === 'completion') return Dialect.completion;
  return kind === 'embedding' ? Dialect.embedding : undefined;
};

/** The kind that a dialect serves. */
export const kindOfDialect: Readonly<Record<Dialect, JobKind>> = {
  'openai.chat': 'chat',
  'openai.completion': 'completion',
  'openai.embedding': 'embedding',
};

const model = z.string().min(1, 'must not be empty').max(256, 'is longer than 256 characters');
const tokenLimit = z
  .number()
  .int('must be a whole number')
  .positive('must be 1 or more')
  .max(10_000_000)
  .nullish();
const sampling = {
  model,
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  n: z.number().int().min(1).max(128).nullish(),
  max_tokens: tokenLimit,
  user: z.string().max(512).nullish(),
};
const content = z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]);
const message = z.looseObject({ role: z.string().min(1), content: content.optional() });
const input = z.union([
  z.string().min(1, 'must not be empty'),
  z.array(z.string()).min(1, 'must not be empty'),
  z.array(z.number().int()).min(1, 'must not be empty'),
  z.array(z.array(z.number().int())).min(1, 'must not be empty'),
]);

const schemas: Readonly<Record<Dialect, z.ZodType>> = {
  'openai.chat': z.looseObject({
    ...sampling,
    messages: z.array(message).min(1, 'must hold at least one message'),
    max_completion_tokens: tokenLimit,
    tools: z.array(z.looseObject({ type: z.string() })).nullish(),
  }),
  'openai.completion': z.looseObject({ ...sampling, prompt: input }),
  'openai.embedding': z.looseObject({
    model,
    input,
    dimensions: tokenLimit,
    encoding_format: z.enum(['float', 'base64']).nullish(),
  }),
};

/** The schema of a dialect's bodies, for those who publish it; `readBody` is what checks. */
export const bodySchemaOf = (dialect: Dialect): z.ZodType => schemas[dialect];

/** What every service reads of a checked body. */
export type ReadBody = {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly maxOutputTokens: number | undefined;
  /** A quarter of the prompt's characters; pictures and sounds in it count nothing. */
  readonly estimatedInputTokens: number;
};

/**
 * Checks `body` against its dialect; throws AppError `invalid_request` with a detail for every
 * field at fault.
 */
export function readBody(dialect: Dialect, body: unknown): ReadBody {
  const parsed = schemas[dialect].safeParse(body);
  if (!parsed.success) throw invalidFields(parsed.error);
  const fields = body as Record<string, unknown> & { stream_options?: { include_usage?: boolean } };
  const limit = fields.max_completion_tokens ?? fields.max_tokens;
  return {
    model: fields.model as string,
    stream: dialect !== Dialect.embedding && fields.stream === true,
    includeUsage: fields.stream_options?.include_usage === true,
    maxOutputTokens: typeof limit === 'number' ? limit : undefined,
    estimatedInputTokens: Math.ceil(
      charactersOf(fields.messages ?? fields.prompt ?? fields.input) / 4,
    ),
  };
}

/**
 * The characters of the texts in a prompt: messages, their parts, or inputs; a token counts as 4.
 */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number') return 4;
  if (Array.isArray(value)) return value.reduce((sum, each) => sum + charactersOf(each), 0);
  if (typeof value !== 'object' || value === null) return 0;
  const part = value as { readonly content?: unknown; readonly text?: unknown };
  return charactersOf(part.content) + charactersOf(part.text);
}

/** The field problems of a zod error, as one AppError. */
export function invalidFields(
  error: z.ZodError,
  code: 'invalid_request' | 'validation_failed' = 'invalid_request',
) {
  const details: FieldProblem[] = error.issues.map((issue) => ({
    field: issue.path.join('.') || '(body)',
    problem: issue.message,
  }));
  const first = details[0];
  return new AppError(code, first ? `${first.field}: ${first.problem}` : 'the body is invalid', {
    details,
  });
}
