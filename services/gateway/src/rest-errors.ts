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
}: ShownError) => ({
  success: false,
  error: {
    code,
    message,
    ...(details.length > 0 ? { details } : {}),
    ...(budget ? { budget } : {}),
    requestId,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(jobId ? { taskId: jobId } : {}),
  },
});
