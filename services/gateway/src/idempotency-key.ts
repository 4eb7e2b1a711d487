import { AppError } from '@switchyard/domain';

/** Checks an idempotency key; undefined where none was given. Throws AppError `invalid_request`. */
export function idempotencyKeyOf(value: unknown, field = 'Idempotency-Key'): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && value.length <= 255) return value;
  const problem = 'must be one text of at most 255 characters';
  throw new AppError('invalid_request', `${field}: ${problem}`, { details: [{ field, problem }] });
}
