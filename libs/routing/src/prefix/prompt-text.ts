/** Deeper than any real content; what lies deeper does not count. */
const depthMax = 8;

/**
 * The text of a request body in the order in which a backend reads it, for the keys of its prompt,
 * in parts: a long text is not copied to be hashed.
 *
 * - Chat: the tools, then each message with its role; completion: the prompt; else the input or the
 *   query. Bodies that begin alike give texts that begin alike.
 * - What is no text (an image's address, a tool's call) counts as its JSON.
 * - A body that has none of these gives no text.
 */
export function promptPartsOf(body: Readonly<Record<string, unknown>>): readonly string[] {
  const parts: string[] = [];
  if (Array.isArray(body['tools'])) parts.push(jsonOf(body['tools']), '\n');
  if (Array.isArray(body['messages'])) {
    for (const message of body['messages']) addMessage(message, parts);
    return parts;
  }
  addContent(body['prompt'] ?? body['input'] ?? body['query'], parts, 0);
  return parts;
}

function addMessage(message: unknown, parts: string[]): void {
  if (!isRecord(message)) return;
  const { role, content, ...rest } = message;
  parts.push(typeof role === 'string' ? role : '', '\n');
  addContent(content, parts, 0);
  if (Object.keys(rest).length > 0) parts.push(jsonOf(rest));
  parts.push('\n');
}

function addContent(content: unknown, parts: string[], depth: number): void {
  if (typeof content === 'string') parts.push(content);
  else if (Array.isArray(content) && depth < depthMax) {
    for (const part of content) addContent(part, parts, depth + 1);
  } else if (isRecord(content)) {
    const { type, text } = content;
    parts.push(type === 'text' && typeof text === 'string' ? text : jsonOf(content));
  } else if (typeof content === 'number') parts.push(`${content},`);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What has no JSON (a circle, a big integer) counts as nothing: no body that was parsed has it. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}
