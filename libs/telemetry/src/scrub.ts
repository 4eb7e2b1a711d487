/** Fields whose values never leave the process: secrets, and what callers and models wrote. */
const secretNames = new Set([
  ...['authorization', 'proxyauthorization', 'apikey', 'xapikey', 'key', 'token', 'accesstoken'],
  ...['password', 'secret', 'cookie', 'setcookie', 'headers', 'rawheaders'],
  ...['body', 'rawbody', 'bodytext', 'request', 'response', 'payload', 'data'],
  ...['messages', 'prompt', 'input', 'output', 'content', 'text', 'delta', 'choices', 'system'],
  ...['completion', 'answer', 'arguments', 'tools'],
]);

const removed = '[redacted]';
const depthMax = 5;
const entriesMax = 50;
const textMaxLength = 1_000;

/** True for a field that is removed by its name, however it is spelled. */
const isSecretName = (name: string): boolean =>
  secretNames.has(name.toLowerCase().replaceAll(/[-_.]/g, ''));

/**
 * `fields` as they may be logged: without the values of secret names at any depth, with scrubbed
 * texts, errors as plain data, and bounded in depth and length.
 */
export function scrubFields(fields: object, depth = 0): Record<string, unknown> {
  const entries = Object.entries(fields).slice(0, entriesMax);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      // A number is a count and no secret: `input: 12`.
      const isHidden = isSecretName(name) && (typeof value === 'string' || isObject(value));
      return [name, isHidden ? removed : scrubValue(value, depth)];
    }),
  );
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function scrubValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (typeof value === 'bigint') return String(value);
  if (!isObject(value)) return value;
  if (value instanceof Error) return scrubError(value, depth);
  if (value instanceof URL) return scrubText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value;
  if (depth >= depthMax) return '[deeper]';
  if (Array.isArray(value)) {
    return value.slice(0, entriesMax).map((entry) => scrubValue(entry, depth + 1));
  }
  if (value instanceof Map || value instanceof Set) return `[${value.size} entries]`;
  return scrubFields(value, depth + 1);
}

/** An error without the fields that clients hang on it, which hold requests and answers. */
function scrubError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  const hasCode = typeof code === 'string' || typeof code === 'number';
  return {
    type: name,
    message: scrubText(message),
    ...(hasCode ? { code } : {}),
    ...(stack === undefined ? {} : { stack: framesOf(stack) }),
    ...(cause === undefined || depth >= depthMax ? {} : { cause: scrubValue(cause, depth + 1) }),
  };
}

/** The stack without the message that it begins with, which may run over several lines. */
const framesOf = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');

/**
 * `text` without what looks like a secret, and without what parsers quote of their input: V8's JSON
 * errors, protobuf's, and any other long quotation.
 */
export function scrubText(text: string): string {
  const scrubbed = text
    .slice(0, 2 * textMaxLength)
    .replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${removed}`)
    .replaceAll(/\b(sy|sk|gsk|pk|rk|hf|xai)[-_][\w-]{12,}/g, removed)
    .replaceAll(/:\/\/[^/\s"']*@/g, '://***@')
    .replaceAll(/(\.{3})?"[\s\S]*"(\.{3})? is not valid JSON/g, `"${removed}" is not valid JSON`)
    .replaceAll(/( from JSON: )[\s\S]*/g, `$1${removed}`)
    // Not the apostrophe within a word.
    .replaceAll(/(?<!\w)(["'`])(?:(?!\1)[\s\S]){48,}\1?/g, `$1${removed}$1`);
  if (scrubbed.length <= textMaxLength) return scrubbed;
  return `${scrubbed.slice(0, textMaxLength)}... (${text.length} characters)`;
}
