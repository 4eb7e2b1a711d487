import type { JsonObject } from '@switchyard/contracts';
import type { Usage } from '@switchyard/domain';
import type { PartialUsage } from '@switchyard/drivers';

/**
 * Usage counted by us where the backend did not report it, marked `estimated`; what it did report
 * is kept. The tokenizer (o200k) is loaded with the first such attempt: it costs 400 ms and 88 MB,
 * and most backends report.
 */
export async function estimateUsage(
  request: JsonObject,
  response: JsonObject,
  known: PartialUsage = {},
): Promise<Usage> {
  const { countTokens } = await import('gpt-tokenizer');
  const count = (text: string) => (text === '' ? 0 : countTokens(text));
  return {
    ...known,
    inputTokens: known.inputTokens ?? count(requestText(request)),
    outputTokens: known.outputTokens ?? count(responseText(response)),
    basis: 'estimated',
  };
}

/** Every text the caller sent, one per line. */
function requestText(request: JsonObject): string {
  const { messages, prompt, input } = request as {
    messages?: unknown;
    prompt?: unknown;
    input?: unknown;
  };
  return textsIn(messages ?? prompt ?? input).join('\n');
}

/** Every text the model made. */
function responseText(response: JsonObject): string {
  const { choices } = response as {
    choices?: { message?: { content?: unknown }; text?: unknown }[];
  };
  return (choices ?? [])
    .flatMap((choice) => textsIn(choice.message?.content ?? choice.text))
    .join('\n');
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== 'object' || value === null) return [];
  const { content, text } = value as { content?: unknown; text?: unknown };
  return textsIn(content ?? text);
}
