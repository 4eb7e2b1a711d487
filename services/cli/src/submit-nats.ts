import { randomUUID } from 'node:crypto';
import { Bus, withoutSecrets } from '@switchyard/bus';
import { decode, encode, isTerminal, subjects, type WireCell } from '@switchyard/contracts';
import { defaultPriority, isToken, priorityClassOf } from '@switchyard/domain';
import { CliError, usageError } from './cli-error.js';
import type { Context } from './context.js';
import { readSettings } from './settings.js';
import { answerOf } from './nats-answer.js';
import { findNats } from './nats-place.js';
import type { Submission } from './submission.js';
import { show } from './terminal.js';

/** The state is read again this often: the copy of an outcome is a hint. */
const readEveryMs = 2_000;

/** Submits on the NATS door: the stream's acknowledgement is the promise, no gateway takes part. */
export async function submitOverNats(context: Context, submission: Submission): Promise<void> {
  const { terminal } = context;
  if (!isToken(submission.account)) {
    throw usageError('--account must be 1 to 64 letters, digits, _ or -');
  }
  const settings = readSettings(context.env, submission);
  const { url, source, greeting } = await findNats(settings);
  if (!greeting) {
    throw new CliError(`no NATS server answers at ${withoutSecrets(url)} (${source})`, {
      code: 'unavailable',
      remedy: 'Start one with "switchyard up", or name one with --nats-url or NATS_URL.',
    });
  }
  const bus = await Bus.connect({ url, name: 'switchyard-cli' });
  try {
    const jobId = `cli-${randomUUID()}`;
    await publish(bus, jobId, submission);
    if (!submission.wait) {
      return show(terminal, { task_id: jobId, status: 'submitted' }, () => jobId);
    }
    terminal.note(`job ${jobId}`);
    const cell = await outcomeOf(bus, jobId, submission.timeout);
    if (terminal.isJson) terminal.out(JSON.stringify({ ...cell, jobId }, null, 2));
    assertSucceeded(jobId, cell);
    if (!terminal.isJson) terminal.out(await answerOf(bus, cell));
  } finally {
    await bus.drain();
  }
}

async function publish(bus: Bus, id: string, submission: Submission): Promise<void> {
  const { kind, account, model, prompt, priority = defaultPriority } = submission;
  const subject = subjects.submit(priorityClassOf(priority), kind, account);
  const stored = await bus.publish(subject, encode({ id, priority, body: bodyOf(submission) }));
  if (stored.kind === 'stored') return;
  throw new CliError(`the job for ${model} (${prompt.length} characters) was not stored`, {
    code: 'queue_full',
    remedy: 'The waiting room is full; try again in a moment.',
  });
}

/** The request of a job in its kind's dialect. */
export function bodyOf({ kind, model, prompt }: Pick<Submission, 'kind' | 'model' | 'prompt'>) {
  if (kind === 'completion') return { model, prompt };
  if (kind === 'embedding') return { model, input: prompt };
  return { model, messages: [{ role: 'user', content: prompt }] };
}

/** Waits for a job's outcome: listens for its copy and reads the cell, whichever comes first. */
async function outcomeOf(bus: Bus, jobId: string, waitMs: number): Promise<WireCell> {
  const endMonoMs = performance.now() + waitMs;
  let told: WireCell | undefined;
  let wake = () => {};
  const unlisten = bus.listen(subjects.result(jobId), (_subject, data) => {
    told = decode<WireCell>(data);
    wake();
  });
  try {
    await bus.flush();
    while (performance.now() < endMonoMs) {
      const cell = told ?? (await bus.cells.read(jobId))?.cell;
      if (cell && isTerminal(cell.status)) return cell;
      const leftMs = Math.min(readEveryMs, endMonoMs - performance.now());
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, Math.max(0, leftMs)).unref();
      });
    }
  } finally {
    unlisten();
  }
  throw new CliError(`the job ${jobId} has not ended yet; it goes on`, {
    code: 'not_ended',
    remedy: `Watch it with "switchyard job ${jobId} --watch".`,
  });
}

function assertSucceeded(jobId: string, { status, outcome }: WireCell): void {
  if (status === 'succeeded') return;
  const { code = 'failed', message = '' } = outcome?.failure ?? {};
  throw new CliError(`the job ${jobId} ended as ${status}: ${message || code}`, { code });
}
