import type { RestError } from './error-shapes.js';
import type { ShownError } from './openai-errors.js';

/** An error in the shape of the REST door. */
export const restError = ({
  code,
  message,
  details,
  budget,
  retryAfterMs,
  jobId,
  requestId,
}: ShownError): RestError => ({
  success: false,
  error: {
    code,
    message,
    ...(details.length > 0 ? { details: [...details] } : {}),
    ...(budget ? { budget } : {}),
    requestId,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(jobId ? { taskId: jobId } : {}),
  },
});
