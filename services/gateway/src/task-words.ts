import type { TaskRow } from '@switchyard/contracts';

/** The states of a task, as `/api/v1/tasks` has always called them. */
export const taskStatuses = [
  'pending',
  'queued',
  'assigned',
  'running',
  'completed',
  'failed',
  'cancelled',
] as const;
export type TaskStatus = (typeof taskStatuses)[number];

type JobStatus = TaskRow['status'] | 'submitted';

/**
 * Our words for a job's state, and the public ones: mapped here and nowhere else (docs/GLOSSARY.md,
 * last table).
 */
const publicStatus: Readonly<Record<JobStatus, TaskStatus>> = {
  submitted: 'queued',
  waiting: 'queued',
  retrying: 'queued',
  dispatched: 'assigned',
  running: 'running',
  succeeded: 'completed',
  failed: 'failed',
  canceled: 'cancelled',
  expired: 'failed',
};

/** The public word for a job's state; a job that nobody has told of yet is queued. */
export const taskStatusOf = (status: string | undefined): TaskStatus =>
  publicStatus[(status ?? 'submitted') as JobStatus] ?? 'queued';

/** The states of a job that a public word stands for. */
export function jobStatusesOf(status: TaskStatus): readonly TaskRow['status'][] {
  const known = Object.keys(publicStatus) as JobStatus[];
  return known.filter(
    (each): each is TaskRow['status'] => each !== 'submitted' && publicStatus[each] === status,
  );
}

/** The public word `text` is our kind `chat`; every other kind has one name. */
export const kindOfWord = (word: string): string => (word === 'text' ? 'chat' : word);

/** Liveness of an instance as the public API calls it. */
export const nodeStateOf = (liveness: 'alive' | 'suspect' | 'dead'): string =>
  liveness === 'suspect' ? 'suspected' : liveness;

/** Health of a backend as the public API calls it. */
export const backendStatusOf = (status: string | undefined): string =>
  status === 'down' ? 'unhealthy' : status || 'unknown';
