import type { Bus } from '@switchyard/bus';
import { decode, type JsonObject, subjects, type WireCell } from '@switchyard/contracts';
import { CliError } from './cli-error.js';
import { printable } from './terminal.js';

/** The answer's text; one that is kept apart is fetched from where the outcome says. */
export async function answerOf(bus: Bus, { outcome }: WireCell): Promise<string> {
  const { body, bodyRef = '' } = outcome?.result ?? {};
  if (body) return printable(textOfAnswer(body));
  const [kind, name = ''] = bodyRef.split(/:(.*)/);
  const [jobId = '', attemptNo] = name.split('.');
  const data =
    kind === 'object'
      ? await (await bus.objects()).get(name)
      : (await bus.readLast('RESULTS', subjects.blob(jobId, Number(attemptNo))))?.data;
  if (!data) throw new CliError('the answer is gone', { code: 'not_found' });
  return printable(textOfAnswer(decode<JsonObject>(data)));
}

type Answer = {
  readonly choices?: readonly {
    readonly message?: { readonly content?: unknown };
    readonly text?: unknown;
  }[];
  readonly data?: readonly { readonly embedding?: unknown }[];
};

/** Text of a chat or a completion; vectors as JSON. */
export function textOfAnswer(body: object): string {
  const { choices, data } = body as Answer;
  const said = choices?.[0]?.message?.content ?? choices?.[0]?.text;
  if (typeof said === 'string') return said;
  return JSON.stringify(said ?? data?.map(({ embedding }) => embedding) ?? body);
}
