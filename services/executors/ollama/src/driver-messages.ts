import {
  DriverFailure,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseOrUndefined,
} from '@switchyard/drivers';

/**
 * A caller's messages in Ollama's form: text parts joined, images from `data:` URLs, tool calls
 * with arguments as objects, tool answers with the name of the tool. Throws invalid_request for
 * what Ollama has no form for.
 */
export function ollamaMessages(messages: JsonValue | undefined): JsonObject[] {
  if (!Array.isArray(messages)) throw invalid('messages', 'must be a list');
  const toolNames = new Map<string, string>();
  return messages.map((message, at) => {
    if (!isJsonObject(message)) throw invalid(`messages.${at}`, 'must be an object');
    return messageOf(message, `messages.${at}`, toolNames);
  });
}

/** The failure of a field that cannot be said in Ollama's protocol. */
export const invalid = (field: string, problem: string): DriverFailure =>
  new DriverFailure('invalid_request', `${field}: ${problem}`);

function messageOf(message: JsonObject, field: string, toolNames: Map<string, string>): JsonObject {
  const {
    role,
    content,
    tool_calls,
    tool_call_id,
    reasoning_content,
    name: _name,
    refusal: _refusal,
    ...rest
  } = message;
  const { text, images } = partsOf(content, `${field}.content`);
  const said: JsonObject = {
    ...rest,
    role: role === 'developer' ? 'system' : (role ?? 'user'),
    content: text,
  };
  if (images.length > 0) said.images = images;
  if (typeof reasoning_content === 'string') said.thinking = reasoning_content;
  if (Array.isArray(tool_calls)) {
    said.tool_calls = tool_calls.map((call, at) =>
      toolCallOf(call, `${field}.tool_calls.${at}`, toolNames),
    );
  }
  if (typeof tool_call_id === 'string') {
    said.tool_call_id = tool_call_id;
    const name = toolNames.get(tool_call_id);
    if (name !== undefined) said.tool_name = name;
  }
  return said;
}

function partsOf(
  content: JsonValue | undefined,
  field: string,
): { text: string; images: string[] } {
  if (typeof content === 'string') return { text: content, images: [] };
  if (content === null || content === undefined) return { text: '', images: [] };
  if (!Array.isArray(content)) throw invalid(field, 'must be a text or a list of parts');
  const texts: string[] = [];
  const images: string[] = [];
  for (const [at, part] of content.entries()) {
    if (!isJsonObject(part)) throw invalid(`${field}.${at}`, 'must be an object');
    if (typeof part.text === 'string') texts.push(part.text);
    else if (part.type === 'image_url')
      images.push(imageOf(part.image_url, `${field}.${at}.image_url`));
    else
      throw invalid(
        `${field}.${at}`,
        `Ollama takes no part of type ${JSON.stringify(part.type ?? null)}`,
      );
  }
  return { text: texts.join('\n'), images };
}

/**
 * The base64 of a `data:` URL. Other addresses are refused: a backend is never made to fetch what a
 * caller names.
 */
function imageOf(image: JsonValue | undefined, field: string): string {
  const url = isJsonObject(image) ? image.url : image;
  const comma = typeof url === 'string' ? url.indexOf(',') : -1;
  if (typeof url !== 'string' || comma < 0 || !/^data:[^,]*;base64$/i.test(url.slice(0, comma))) {
    throw invalid(field, 'Ollama takes images only as data: URLs in base64');
  }
  return url.slice(comma + 1);
}

function toolCallOf(call: JsonValue, field: string, toolNames: Map<string, string>): JsonObject {
  const called = isJsonObject(call) ? call.function : undefined;
  if (!isJsonObject(call) || !isJsonObject(called))
    throw invalid(field, 'must be an object with a function');
  const args =
    typeof called.arguments === 'string'
      ? parseOrUndefined(called.arguments || '{}')
      : called.arguments;
  if (!isJsonObject(args)) throw invalid(`${field}.function.arguments`, 'must be a JSON object');
  const id = typeof call.id === 'string' ? call.id : undefined;
  if (id !== undefined && typeof called.name === 'string') toolNames.set(id, called.name);
  return { ...(id === undefined ? {} : { id }), function: { ...called, arguments: args } };
}
