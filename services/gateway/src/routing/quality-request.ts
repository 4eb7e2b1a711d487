import { invalidFields, type RateAnswer } from '@switchyard/contracts';
import { z } from 'zod';

const side = z.number('must be a number from 0 to 1').min(0).max(1).optional();

/** The body of `POST /api/v1/quality/feedback`. */
export const feedbackSchema = z
  .strictObject({
    taskId: z.string('must be the id of a task').min(1).max(256),
    rating: side,
    scores: z
      .strictObject({ relevance: side, accuracy: side, completeness: side, citations: side })
      .default({}),
    source: z.enum(['user', 'expert', 'automatic']).default('user'),
  })
  .refine(
    ({ rating, scores }) =>
      rating !== undefined || Object.values(scores).some((score) => score !== undefined),
    { path: ['rating'], error: 'must be given where no side is scored' },
  );

/** How good the answer to a task was. */
export type Feedback = {
  readonly taskId: string;
  readonly source: 'user' | 'expert' | 'automatic';
  readonly sides: Omit<RateAnswer, 'backendId' | 'ratingId'>;
};

/**
 * Reads feedback; `rating` stands for each side that is not scored, but for citations, which not
 * every answer has. Throws AppError `invalid_request` naming each field at fault.
 */
export function readFeedback(body: unknown): Feedback {
  const parsed = feedbackSchema.safeParse(body);
  if (!parsed.success) throw invalidFields(parsed.error);
  const { taskId, rating, scores, source } = parsed.data;
  const { relevance = rating, accuracy = rating, completeness = rating, citations } = scores;
  const given = Object.entries({ relevance, accuracy, completeness, citations }).filter(
    ([, score]) => score !== undefined,
  );
  return { taskId, source, sides: Object.fromEntries(given) };
}
