import { encodeUsdMicros, invalidFields, type WireJob } from '@switchyard/contracts';
import { AppError, isJobKind, type JobKind } from '@switchyard/domain';
import type { BackendRow, RoutingJob } from '@switchyard/routing';
import { z } from 'zod';
import { newJobId } from '../job-ids.js';
import { readTask, type TaskAsk } from '../task-request.js';
import { kindOfWord } from '../task-words.js';

/** Tokens of an answer where nobody says how long it may be. */
const usualAnswerTokens = 500;

/** A job as far as a decision needs it; what was not said is guessed. */
export type Sketch = {
  readonly kind: JobKind;
  readonly model: string;
};

/** `jobType` of the load-balancer door: `text` is chat. Throws AppError `invalid_request`. */
export function kindOf(jobType: string): JobKind {
  const kind = kindOfWord(jobType);
  if (isJobKind(kind)) return kind;
  throw invalid('jobType', `"${jobType}" is no type of job`, 'use text, embedding, image or video');
}

/**
 * The model to decide for: the one that is named, else the only one that backends have for the
 * kind. Throws AppError `invalid_request` where there are several, `not_found` where there is none.
 */
export function modelFor(
  kind: JobKind,
  named: string | undefined,
  rows: readonly BackendRow[],
): string {
  if (named !== undefined) return named;
  const models = new Set<string>();
  for (const row of rows) {
    for (const [name, { kinds }] of Object.entries(row.models ?? {})) {
      if (kinds === null || kinds.includes(kind)) models.add(name);
    }
  }
  const [only] = models;
  if (models.size === 1 && only !== undefined) return only;
  if (models.size === 0) {
    throw new AppError('not_found', `model: no backend has a model for ${kind} jobs`, {
      details: [{ field: 'model', problem: `no backend has one for ${kind} jobs` }],
    });
  }
  const some = [...models].sort().slice(0, 10).join(', ');
  throw invalid('model', 'must be given where there are several', `name one of ${some}`);
}

/** A routing job of these words alone, for plans over many alike. */
export const sketchJob = (
  { kind, model }: Sketch,
  account: string,
  preferences: RoutingJob['preferences'],
): RoutingJob => ({
  id: 'sketch',
  kind,
  model,
  account,
  priority: 5,
  estimatedInputTokens: 0,
  maxOutputTokens: kind === 'chat' || kind === 'completion' ? usualAnswerTokens : 0,
  preferences,
  tags: [],
  excludedBackendIds: [],
  triedTransient: [],
  attemptNo: 1,
  isStreamed: false,
});

const optionsSchema = z.strictObject({
  preferredBackend: z.string().max(64).optional(),
  maxCostPerJob: z.number().min(0).max(1e6).nullish(),
  prioritizeSpeed: z.boolean().optional(),
  allowCloudFallback: z.boolean().optional(),
  strategy: z.string().max(64).optional(),
});

/** The body of `POST /api/loadbalancer/select`. */
const selectSchema = z.strictObject({
  jobType: z.string().max(64).default('text'),
  model: z.string().min(1).max(256).optional(),
  prompt: z.string().max(1_000_000).optional(),
  options: optionsSchema.default({}),
});

/** What is to be selected for, checked but for its model and strategy. */
export type SelectAsk = {
  readonly kind: JobKind;
  readonly model: string | undefined;
  readonly prompt: string;
  readonly strategy: string | undefined;
  readonly preferences: WireJob['preferences'];
};

/** Reads a selection. Throws AppError `invalid_request` naming each field at fault. */
export function readSelect(body: unknown): SelectAsk {
  const parsed = selectSchema.safeParse(body ?? {});
  if (!parsed.success) throw invalidFields(parsed.error);
  const { jobType, model, prompt = '', options } = parsed.data;
  const { strategy, maxCostPerJob, preferredBackend, ...rest } = options;
  const cost = typeof maxCostPerJob === 'number' ? Math.floor(maxCostPerJob * 1e6) : undefined;
  return {
    kind: kindOf(jobType),
    model,
    prompt,
    strategy,
    preferences: {
      ...rest,
      preferredBackend: preferredBackend === 'auto' ? undefined : preferredBackend,
      maxCostUsdMicros: cost === undefined ? undefined : encodeUsdMicros(cost),
    },
  };
}

const ollamaSchema = z.strictObject({
  request_type: z.enum(['chat', 'generate', 'embedding', 'embeddings']).default('chat'),
  model: z.string().min(1).max(256),
  prompt: z.string().max(1_000_000).optional(),
});
const kindOfRequest = {
  chat: 'chat',
  generate: 'completion',
  embedding: 'embedding',
  embeddings: 'embedding',
} as const;

/** Reads the body of `POST /api/ollama/route`. Throws AppError `invalid_request`. */
export function readOllamaRoute(body: unknown): SelectAsk {
  const parsed = ollamaSchema.safeParse(body ?? {});
  if (!parsed.success) throw invalidFields(parsed.error);
  const { request_type, model, prompt = '' } = parsed.data;
  const kind = kindOfRequest[request_type];
  return { kind, model, prompt, strategy: undefined, preferences: undefined };
}

/** The job of a selection as the router would get it. */
export function jobOfSelect(ask: SelectAsk, model: string, place: JobPlace): WireJob {
  const { kind, prompt, preferences, strategy } = ask;
  if (kind !== 'chat' && kind !== 'completion' && kind !== 'embedding') {
    return { ...place, id: idOf(place), kind, model, priority: 5, preferences, strategy };
  }
  const payload = prompt === '' ? ' ' : prompt;
  const task = readTask({ kind, payload, parameters: { model } }, place.submittedAtMs);
  return jobOfTask({ ...task, preferences, strategy }, kind, place);
}

/** Who asks, and when. */
export type JobPlace = { readonly account: string; readonly submittedAtMs: number };

/** The job of a task that is not submitted. */
export const jobOfTask = (task: TaskAsk, kind: string, place: JobPlace): WireJob => ({
  ...place,
  id: idOf(place),
  kind,
  priority: task.priority,
  model: task.model,
  dialect: task.dialect,
  body: task.body as NonNullable<WireJob['body']>,
  stream: task.stream,
  estimatedInputTokens: task.estimatedInputTokens,
  ...(task.maxOutputTokens === undefined ? {} : { maxOutputTokens: task.maxOutputTokens }),
  ...(task.deadlineAtMs === undefined ? {} : { deadlineAtMs: task.deadlineAtMs }),
  ...(task.preferences === undefined ? {} : { preferences: task.preferences }),
  ...(task.strategy === undefined ? {} : { strategy: task.strategy }),
  ...(task.tags === undefined ? {} : { tags: task.tags }),
});

/** Draws are seeded by the id of a job: a quote has one of its own. */
const idOf = ({ submittedAtMs }: JobPlace): string => newJobId(submittedAtMs);

const invalid = (field: string, problem: string, remedy: string) =>
  new AppError('invalid_request', `${field}: ${problem}; ${remedy}`, {
    details: [{ field, problem, remedy }],
  });
