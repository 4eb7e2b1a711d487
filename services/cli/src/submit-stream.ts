import { CliError } from './cli-error.js';
import type { Context } from './context.js';
import type { Submission } from './submission.js';
import { printable } from './terminal.js';

type Chunk = {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly text?: string;
  }[];
  readonly error?: { readonly message?: string; readonly code?: string | null };
};

/**
 * Submits on the OpenAI door and prints the answer's tokens as they come; with `--json` each event
 * as one line.
 */
export async function streamAnswer({ api, terminal }: Context, asked: Submission): Promise<void> {
  const { kind, model, prompt } = asked;
  const isChat = kind === 'chat';
  const input = isChat ? { messages: [{ role: 'user', content: prompt }] } : { prompt };
  const { headers, events } = await api.events(
    isChat ? '/v1/chat/completions' : '/v1/completions',
    {
      method: 'POST',
      body: { model, stream: true, ...input },
    },
  );
  const backend = headers.get('x-switchyard-backend');
  const isSimulated = headers.get('x-switchyard-simulated') === 'true';
  const place = backend ? ` on ${backend}${isSimulated ? ' (SIMULATED)' : ''}` : '';
  terminal.note(`job ${headers.get('x-switchyard-job')}${place}`);
  let isDone = false;
  let isAtLineStart = true;
  for await (const { data } of events) {
    isDone = data === '[DONE]';
    if (isDone) break;
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) {
      if (!isAtLineStart) terminal.out('');
      const message = chunk.error.message ?? 'the stream ended with an error';
      throw new CliError(message, { code: chunk.error.code ?? undefined });
    }
    const text = textOf(chunk);
    if (terminal.isJson) terminal.out(data);
    else if (text) terminal.write(printable(text));
    if (text && !terminal.isJson) isAtLineStart = text.endsWith('\n');
  }
  if (!isAtLineStart) terminal.out('');
  if (!isDone) {
    throw new CliError('the stream broke off before its end', {
      code: 'stream_interrupted',
      remedy: 'The job may have ended all the same: see "switchyard jobs".',
    });
  }
}

/** The text that one event adds. */
export const textOf = ({ choices }: Chunk): string =>
  choices?.[0]?.delta?.content ?? choices?.[0]?.text ?? '';
