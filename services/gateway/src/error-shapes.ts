import { z } from 'zod';

/** The budget that had no money for the job; amounts in US dollars. */
const budget = z.object({
  scope: z.string().describe('global, account, key, backend, model or tag'),
  id: z.string().nullable().describe('which one of them; null where there is one only'),
  window: z.string().describe('what it is counted for: a day, a month, or all time'),
  limit_usd: z.number(),
  spent_usd: z.number(),
  held_usd: z.number().describe('set aside for jobs under way'),
  needed_usd: z.number().describe('what this job may cost at most'),
  resets_at: z.iso.datetime().nullable().describe('null: it never does'),
});

/** An error under `/v1`, as OpenAI's SDKs read it. */
export const openAiErrorShape = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable().describe('the first field at fault'),
    code: z.string().nullable(),
    job_id: z.string().optional(),
    budget: budget.optional(),
  }),
});

/** An error of the OpenAI door. */
export type OpenAiError = z.infer<typeof openAiErrorShape>;

/** An error under `/api`. */
export const restErrorShape = z.object({
  success: z.literal(false),
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z
      .array(z.object({ field: z.string(), problem: z.string(), remedy: z.string().optional() }))
      .optional()
      .describe('every field at fault'),
    budget: budget.optional(),
    requestId: z.string(),
    retryAfterMs: z.number().optional().describe('not before is it worth another try'),
    taskId: z.string().optional(),
  }),
});

/** An error of the REST door. */
export type RestError = z.infer<typeof restErrorShape>;
