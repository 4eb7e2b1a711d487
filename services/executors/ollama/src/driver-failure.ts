import { DriverFailure } from '@switchyard/drivers';
import type { FailureCode } from '@switchyard/domain';

/** What Ollama says under 5xx, or inside a started stream, that means something more exact. */
const meanings: readonly (readonly [RegExp, FailureCode])[] = [
  [/maximum pending requests|server busy/i, 'rate_limited'],
  [/model .*not found|try pulling it/i, 'upstream_model_missing'],
  [/does not support|invalid (message|options|format)/i, 'invalid_request'],
];

/** Ollama's own reading of a server error. */
export const codeOfOllama = (status: number, message: string): FailureCode | undefined =>
  status >= 500 ? meanings.find(([pattern]) => pattern.test(message))?.[1] : undefined;

/**
 * An error object inside an answer, with Ollama's own words taken into account; anything else as it
 * was.
 */
export function failureOfOllama(caught: unknown): unknown {
  if (!(caught instanceof DriverFailure) || caught.code !== 'upstream_error') return caught;
  const { message, cause, retryAfterMs, partialUsage, partialBody } = caught;
  const code = codeOfOllama(500, message);
  if (!code) return caught;
  return new DriverFailure(code, message, { cause, retryAfterMs, partialUsage, partialBody });
}
