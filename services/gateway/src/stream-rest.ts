import { Dialect, type JsonObject } from '@switchyard/contracts';

type Choice = {
  readonly index?: number;
  readonly text?: string;
  readonly delta?: { readonly content?: string | null };
  readonly message?: { readonly content?: string | null; readonly tool_calls?: unknown };
  readonly finish_reason?: string | null;
};
type Answer = JsonObject & { readonly choices?: readonly Choice[]; readonly usage?: unknown };

type Rest = {
  readonly dialect: Dialect;
  /** The complete answer. */
  readonly body: JsonObject;
  /** The last chunk sent; undefined where none was. */
  readonly last:
    | { readonly offsetCharacters: number; readonly events: readonly string[] }
    | undefined;
  readonly includeUsage: boolean;
};

/**
 * The events that complete a broken-off stream, from the complete answer: the missing text, the
 * finish reason, the usage. Undefined where that cannot be done faithfully: several choices, tool
 * calls, or a text shorter than what was sent.
 */
export function restOfStream({
  dialect,
  body,
  last,
  includeUsage,
}: Rest): readonly string[] | undefined {
  const answer = body as Answer;
  const choice = answer.choices?.[0];
  if (!choice || answer.choices?.length !== 1 || choice.message?.tool_calls) return undefined;
  const whole = (dialect === Dialect.chat ? choice.message?.content : choice.text) ?? '';
  const past = readSent(last);
  if (past.characters > whole.length) return undefined;
  const missing = whole.slice(past.characters);
  const event = (part: object) =>
    JSON.stringify({ ...frameOf(answer, dialect), choices: [{ index: 0, ...part }] });
  const isChat = dialect === Dialect.chat;
  const events: string[] = [];
  if (missing || !last) {
    const delta = !last ? { role: 'assistant', content: missing } : { content: missing };
    events.push(
      event(isChat ? { delta, finish_reason: null } : { text: missing, finish_reason: null }),
    );
  }
  if (!past.isFinished) {
    const finish_reason = choice.finish_reason ?? 'stop';
    events.push(event(isChat ? { delta: {}, finish_reason } : { text: '', finish_reason }));
  }
  if (includeUsage && answer.usage && !past.hasUsage) {
    events.push(JSON.stringify({ ...frameOf(answer, dialect), choices: [], usage: answer.usage }));
  }
  return events;
}

function frameOf(answer: Answer, dialect: Dialect): object {
  const { id, created, model } = answer;
  return {
    id,
    object: dialect === Dialect.chat ? 'chat.completion.chunk' : 'text_completion',
    created,
    model,
  };
}

function readSent(last: Rest['last']) {
  const past = { characters: last?.offsetCharacters ?? 0, isFinished: false, hasUsage: false };
  for (const event of last?.events ?? []) {
    const { choices, usage } = JSON.parse(event) as Answer;
    if (usage) past.hasUsage = true;
    const choice = choices?.[0];
    past.characters += (choice?.delta?.content ?? choice?.text ?? '').length;
    if (choice?.finish_reason) past.isFinished = true;
  }
  return past;
}
