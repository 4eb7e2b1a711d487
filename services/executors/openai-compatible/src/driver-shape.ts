import { isJsonObject, type JsonObject } from '@switchyard/drivers';

const key = '"content":';
/** Streams whose chunks differ in more than their content (OpenAI pads them) are not looked at for long. */
const lessonsMax = 4;

/**
 * The text that all chunks of a stream share around their content. Most differ in nothing else, and reading the one
 * string that does costs a fraction of parsing the chunk: measured, 100 chunks take 0.10 ms instead of 0.23 ms.
 */
export class ChunkShape {
  #prefix = '';
  #suffix = '';
  #lessons = 0;

  /** The content of a chunk of this shape; undefined for every other text, which is then to be parsed. */
  contentOf(data: string): string | undefined {
    const prefix = this.#prefix;
    if (prefix === '' || !data.startsWith(prefix) || !data.endsWith(this.#suffix)) return undefined;
    const literal = data.slice(prefix.length, data.length - this.#suffix.length);
    if (!literal.startsWith('"')) return undefined;
    try {
      // Anything but one whole string literal fails to parse: the text between is exactly the content.
      return JSON.parse(literal) as string;
    } catch {
      return undefined;
    }
  }

  /** Learns the shape of a chunk that carries content of its first choice and nothing else. */
  learn(data: string, chunk: JsonObject): void {
    if (this.#lessons >= lessonsMax || !hasOnlyContent(chunk)) return;
    this.#lessons += 1;
    const at = data.indexOf(key);
    if (at < 0 || data.indexOf(key, at + 1) >= 0) return;
    const literal = /^\s*"(?:[^"\\]|\\.)*"/.exec(data.slice(at + key.length))?.[0];
    if (literal === undefined) return;
    const start = at + key.length + (literal.length - literal.trimStart().length);
    this.#prefix = data.slice(0, start);
    this.#suffix = data.slice(at + key.length + literal.length);
  }
}

function hasOnlyContent(chunk: JsonObject): boolean {
  if (chunk.usage !== undefined && chunk.usage !== null) return false;
  if (chunk.error !== undefined && chunk.error !== null) return false;
  const [choice, ...others] = Array.isArray(chunk.choices) ? chunk.choices : [];
  if (!isJsonObject(choice) || others.length > 0) return false;
  const { index, delta, finish_reason: reason, logprobs, ...rest } = choice;
  const hasMore = Object.keys(rest).length > 0 || (logprobs ?? null) !== null;
  if ((index ?? 0) !== 0 || (reason ?? null) !== null || hasMore) return false;
  return (
    isJsonObject(delta) && Object.keys(delta).length === 1 && typeof delta.content === 'string'
  );
}
