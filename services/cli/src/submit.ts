import { select, text } from '@clack/prompts';
import type { Context } from './context.js';
import { usageError } from './cli-error.js';
import { assertCompleted, followTask, stateTeller } from './follow-task.js';
import { answered } from './keys.js';
import type { SubmitKind } from './readers.js';
import type { Submission, SubmitOptions } from './submission.js';
import { submitOverNats } from './submit-nats.js';
import { streamAnswer } from './submit-stream.js';
import { answerText } from './task.js';
import { show } from './terminal.js';

type Accepted = { readonly task_id: string; readonly status: string };

/** `switchyard submit`. */
export async function submit(
  context: Context,
  argument: string | undefined,
  options: SubmitOptions,
): Promise<void> {
  checkOptions(options);
  const prompt = await promptOf(context, argument);
  if (options.nats || options.natsUrl) {
    const { model } = options;
    if (!model) throw usageError('--nats needs --model', 'Models are listed by the gateway only.');
    return submitOverNats(context, { ...options, model, prompt });
  }
  const model = options.model ?? (await chooseModel(context, options.kind));
  const submission = { ...options, model, prompt };
  if (options.stream) await streamAnswer(context, submission);
  else await submitOverHttp(context, submission);
}

/** Throws where options were given that do not go together. */
export function checkOptions({ stream, kind, nats, natsUrl, priority }: SubmitOptions): void {
  if (!stream) return;
  if (nats || natsUrl)
    throw usageError('--stream goes over HTTP', 'Leave --nats out, or use --wait.');
  if (kind === 'embedding') throw usageError('an embedding cannot be streamed', 'Use --wait.');
  if (priority !== undefined) {
    throw usageError(
      '--priority does not go with --stream',
      'The streaming door has one priority.',
    );
  }
}

async function submitOverHttp(context: Context, submission: Submission): Promise<void> {
  const { api, terminal } = context;
  const { prompt, model, kind, priority, wait, timeout } = submission;
  const body = { payload: prompt, parameters: { model }, kind, priority };
  const accepted = await api.json<Accepted>('/api/v1/tasks', { method: 'POST', body });
  if (!wait) return show(terminal, accepted, () => accepted.task_id);
  terminal.note(`job ${accepted.task_id}`);
  const task = await followTask(api, accepted.task_id, timeout, stateTeller(terminal));
  if (terminal.isJson) terminal.out(JSON.stringify(task, null, 2));
  assertCompleted(task);
  if (!terminal.isJson) terminal.out(answerText(task));
}

async function promptOf({ terminal }: Context, argument: string | undefined): Promise<string> {
  if (argument !== undefined && argument !== '-') return argument;
  const given = terminal.isInteractive
    ? answered(await text({ message: 'Prompt' }))
    : (await terminal.readInput()).trimEnd();
  if (given) return given;
  throw usageError('there is no prompt', 'Give it as an argument, or on stdin.');
}

type ModelView = { readonly id: string; readonly kinds?: readonly string[] };

/** The only model for a kind, or the one that the person at the terminal takes. */
async function chooseModel({ api, terminal }: Context, kind: SubmitKind): Promise<string> {
  const { data } = await api.json<{ readonly data: readonly ModelView[] }>('/v1/models');
  const models = modelsFor(data, kind);
  const [first] = models;
  if (first === undefined) {
    throw usageError(`no backend offers a model for ${kind}`, 'See "switchyard doctor".');
  }
  if (models.length === 1) return first;
  if (!terminal.isInteractive) throw usageError('--model is missing', oneOf(models));
  const options = models.map((model) => ({ value: model, label: model }));
  return answered(await select({ message: 'Which model?', options, maxItems: 12 }));
}

/** Names of the models that run jobs of a kind; those that do not tell their kinds count. */
export const modelsFor = (models: readonly ModelView[], kind: SubmitKind): readonly string[] =>
  models.filter(({ kinds }) => !kinds || kinds.includes(kind)).map(({ id }) => id);

function oneOf(models: readonly string[]): string {
  const more = models.length > 8 ? `, and ${models.length - 8} more` : '';
  return `It is one of ${models.slice(0, 8).join(', ')}${more}.`;
}
