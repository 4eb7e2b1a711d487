import { setImmediate as turn } from 'node:timers/promises';
import type { JsonObject } from '@switchyard/contracts';
import type { Usage } from '@switchyard/domain';
import type { PartialUsage } from '@switchyard/drivers';

/** Up to this a text is counted as one. */
const wholeCharactersMax = 4_000;
/** Above it in pieces: one word without end would take the square of its length. */
const pieceCharacters = 500;
/** Then everything else in this process has its turn. */
const piecesAtOnce = 100;

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
  return {
    ...known,
    inputTokens: known.inputTokens ?? (await countIn(requestText(request), countTokens)),
    outputTokens: known.outputTokens ?? (await countIn(responseText(response), countTokens)),
    basis: 'estimated',
  };
}

async function countIn(text: string, countTokens: (text: string) => number): Promise<number> {
  if (text.length <= wholeCharactersMax) return text === '' ? 0 : countTokens(text);
  let tokens = 0;
  for (let at = 0, piece = 1; at < text.length; at += pieceCharacters, piece += 1) {
    tokens += countTokens(text.slice(at, at + pieceCharacters));
    if (piece % piecesAtOnce === 0) await turn();
  }
  return tokens;
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
