import { CliError } from './cli-error.js';
import type { GatewayApi } from './gateway-api.js';
import { isEnded, summaryText, type Task } from './task.js';
import type { Terminal } from './terminal.js';

/**
 * Tells every state of a task until it has ended, and returns the last one; gives up after
 * `waitMs`. A feed that breaks off is opened again: the task goes on whoever watches.
 */
export async function followTask(
  api: GatewayApi,
  id: string,
  waitMs: number,
  tell: (task: Task) => void,
): Promise<Task> {
  const endMonoMs = performance.now() + waitMs;
  for (;;) {
    const { events } = await api.events(`/api/v1/tasks/${encodeURIComponent(id)}/events`);
    const ended = await Promise.race([lastOf(events, tell), after(endMonoMs - performance.now())]);
    if (ended === 'late') {
      throw new CliError(`the job ${id} has not ended yet; it goes on`, {
        code: 'not_ended',
        remedy: `Watch it with "switchyard job ${id} --watch".`,
      });
    }
    if (ended) return ended;
  }
}

/** The state in which a feed ended; undefined where it broke off before. */
async function lastOf(
  events: Awaited<ReturnType<GatewayApi['events']>>['events'],
  tell: (task: Task) => void,
): Promise<Task | undefined> {
  try {
    for await (const { data } of events) {
      const task = JSON.parse(data) as Task;
      tell(task);
      if (isEnded(task)) return task;
    }
  } catch (caught) {
    if (caught instanceof SyntaxError) throw caught;
  }
  return undefined;
}

const after = (durationMs: number): Promise<'late'> =>
  new Promise((resolve) => {
    setTimeout(() => resolve('late'), Math.max(0, Math.min(durationMs, 2 ** 31 - 1))).unref();
  });

/** Tells the states that differ from the one before, each as one line. */
export function stateTeller(terminal: Terminal): (task: Task) => void {
  let last = '';
  return (task) => {
    const line = isEnded(task)
      ? summaryText(task)
      : `${task.status}${task.backend ? ` on ${task.backend}` : ''}`;
    if (line !== last) terminal.note(`  ${line}`);
    last = line;
  };
}

/** Throws where a task ended otherwise than well. */
export function assertCompleted({ task_id, status, error }: Task): void {
  if (status === 'completed') return;
  const code = error?.code ?? status;
  throw new CliError(`the job ${task_id} ended as ${status}: ${error?.message ?? code}`, { code });
}
