import type { AppError } from '@switchyard/domain';
import type { OpenAiError } from './error-shapes.js';
import type { BudgetStandView } from './money/budget-stand.js';

/** OpenAI's own codes where SDKs look at them; every other code is ours. */
const codes: Readonly<Record<string, string>> = {
  unauthenticated: 'invalid_api_key',
  budget_exceeded: 'insufficient_quota',
  rate_limited: 'rate_limit_exceeded',
};

/** Not found means a job, a route or, where its details name the field, a model. */
const codeOf = (code: string, details: AppError['details']): string =>
  code === 'not_found' && details[0]?.field === 'model' ? 'model_not_found' : (codes[code] ?? code);

/** The type of an error by its HTTP status. */
function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 402) return 'insufficient_quota';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** What a door tells of an error, whatever its shape. */
export type ShownError = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details: AppError['details'];
  /** The budget that had no money for the job. */
  readonly budget: BudgetStandView | undefined;
  readonly retryAfterMs: number | undefined;
  readonly jobId: string | undefined;
  readonly requestId: string;
};

/** An error in OpenAI's shape; `param` is the first field at fault. */
export const openAiError = ({
  status,
  code,
  message,
  details,
  budget,
  jobId,
}: ShownError): OpenAiError => ({
  error: {
    message,
    type: typeOf(status),
    param: details[0]?.field ?? null,
    code: codeOf(code, details),
    ...(jobId ? { job_id: jobId } : {}),
    ...(budget ? { budget } : {}),
  },
});
