const words =
  'the switch holds one train while another takes the track, naïve signals — 日本 lines too — and every car arrives once'.split(
    ' ',
  );

/** The first `count` tokens of the text that every fake answers with. */
export const wordTokens = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i === 0 ? '' : ' ') + words[i % words.length]);

/** `text` in pieces of one word, at most `limit` of them. */
export const echoTokens = (text: string, limit: number): string[] =>
  (text.match(/\s*\S+/g) ?? ['(empty)']).slice(0, limit);

/** A token count for a prompt: four characters each. */
export const promptTokens = (characters: number): number => Math.max(1, Math.ceil(characters / 4));

/** An embedding of `text`: unit length, the same for the same text. */
export function embed(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  for (let i = 0; i < text.length; i += 1) {
    const at = i % dimensions;
    vector[at] = (vector[at] as number) + (text.charCodeAt(i) % 97);
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => Math.fround(value / length));
}

/**
 * Arguments that fit the parameters of a tool: one value for each required property, else for each.
 */
export function toolArguments(parameters: unknown): Record<string, unknown> {
  const schema = (parameters ?? {}) as {
    properties?: Record<string, { type?: string }>;
    required?: string[];
  };
  const names = schema.required ?? Object.keys(schema.properties ?? {});
  const values: Record<string, unknown> = {
    number: 1,
    integer: 1,
    boolean: true,
    array: [],
    object: {},
  };
  return Object.fromEntries(
    names.map((name) => [
      name,
      values[schema.properties?.[name]?.type ?? 'string'] ?? `some ${name}`,
    ]),
  );
}

type Message = { role?: string; content?: unknown };

/** The text of a message, its parts joined. */
export const textOf = (content: unknown): string => {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: string }) => part?.text ?? '').join('');
};

/** Characters of all messages, and the last one of the user. */
export function readMessages(messages: unknown): {
  characters: number;
  lastUser: string;
  lastRole: string;
} {
  let characters = 0;
  let lastUser = '';
  const list = Array.isArray(messages) ? (messages as Message[]) : [];
  for (const message of list) {
    const text = textOf(message.content);
    characters += text.length;
    if (message.role === 'user') lastUser = text;
  }
  return { characters, lastUser, lastRole: list.at(-1)?.role ?? '' };
}
