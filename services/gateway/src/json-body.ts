import { AppError } from '@switchyard/domain';

/**
 * Deeper bodies are refused: nothing real is, and every service after us would have to walk them.
 */
const depthMax = 64;

/** Key text that JSON.parse would turn into a property that code might mistake for a prototype. */
const suspicious =
  /"(?:_|\\u005[fF]){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006[fF])(?:t|\\u0074)(?:o|\\u006[fF])(?:_|\\u005[fF]){2}"\s*:/;

/** Parses a request body. Throws AppError `invalid_request` that names the position of a fault. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('invalid_request', `the body is not JSON: ${whereOf(cause, text)}`, {
      cause,
    });
  }
  if (suspicious.test(text))
    throw new AppError('invalid_request', 'the body has a field named __proto__');
  if (isDeeperThan(value, depthMax)) {
    throw new AppError('invalid_request', `the body is nested deeper than ${depthMax} levels`);
  }
  return value;
}

/** Where parsing stopped, without a word of the body itself: it may hold a prompt. */
function whereOf(cause: unknown, text: string): string {
  const message = cause instanceof Error ? cause.message : '';
  const position = /at position (\d+)/.exec(message)?.[1] ?? String(text.length);
  const what = /end of/.test(message) ? 'it ends too early' : 'unexpected character';
  return `${what} at position ${position}`;
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value)
      if (typeof item === 'object' && isDeeperThan(item, levels - 1)) return true;
    return false;
  }
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key];
    if (typeof field === 'object' && isDeeperThan(field, levels - 1)) return true;
  }
  return false;
}
