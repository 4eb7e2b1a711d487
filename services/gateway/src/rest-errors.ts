import type { ShownError } from './openai-errors.js';

/** An error in the shape of the REST door. */
export const restError = ({
  code,
  message,
  details,
  retryAfterMs,
  jobId,
  requestId,
}: ShownError) => ({
  success: false,
  error: {
    code,
    message,
    ...(details.length > 0 ? { details } : {}),
    requestId,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(jobId ? { taskId: jobId } : {}),
  },
});
