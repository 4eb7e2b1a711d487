import { agoText, betweenText, durationText } from './instants.js';
import { factsText, printable, tableText } from './terminal.js';

/** A task as the REST door shows it; only what is read here. */
export type Task = {
  readonly task_id: string;
  readonly status: string;
  readonly backend: string | null;
  readonly kind: string | null;
  readonly model: string | null;
  readonly priority: number;
  readonly attempts: readonly TaskAttempt[];
  readonly max_attempts: number;
  readonly result: TaskResult | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly cost: number | null;
  readonly created_at: string | null;
  readonly started_at: string | null;
  readonly completed_at: string | null;
};
type TaskAttempt = {
  readonly n: number;
  readonly backend: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly error?: { readonly code: string; readonly message: string };
};
type TaskResult = {
  readonly response: unknown;
  readonly processing_time_ms: number | null;
  readonly metadata: { readonly input_tokens: number; readonly output_tokens: number };
};

/** The states that `--status` knows. */
export const taskStates = [
  'pending',
  'queued',
  'assigned',
  'running',
  'completed',
  'failed',
  'cancelled',
] as const;

/** True once nothing changes any more. */
export const isEnded = ({ status }: Pick<Task, 'status'>): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled';

/** Tasks as a table, one line each. */
export const tasksText = (tasks: readonly Task[], nowMs: number): string =>
  tableText(
    ['job', 'status', 'kind', 'model', 'backend', 'age', 'took', 'error'],
    tasks.map((task) => [
      task.task_id,
      task.status,
      task.kind ?? '',
      task.model ?? '',
      task.backend ?? '',
      agoText(task.created_at, nowMs),
      betweenText(task.started_at, task.completed_at) ?? '',
      task.error?.code ?? '',
    ]),
  );

/** Everything about one task. */
export function taskText(task: Task): string {
  const { result, error } = task;
  const facts = factsText([
    ['job', task.task_id],
    ['status', task.status],
    ['kind', task.kind ?? undefined],
    ['model', task.model ?? undefined],
    ['backend', task.backend ?? undefined],
    ['priority', String(task.priority)],
    ['submitted', task.created_at ?? undefined],
    ['started', task.started_at ?? undefined],
    ['ended', task.completed_at ?? undefined],
    ['ran for', betweenText(task.started_at, task.completed_at)],
    ['tokens', result ? tokensText(result) : undefined],
    ['cost', task.cost ? `$${task.cost}` : undefined],
    ['error', error ? `${error.code}: ${error.message}` : undefined],
  ]);
  const tries = task.attempts.length > 0 ? `\n\n${attemptsText(task)}` : '';
  return `${facts}${tries}${result ? `\n\n${answerText(task)}` : ''}`;
}

/** The answer of a task as people want it: its text, or its vectors as JSON. */
export function answerText({ result }: Pick<Task, 'result'>): string {
  const response = result?.response ?? '';
  return printable(typeof response === 'string' ? response : JSON.stringify(response));
}

/** One line on how a finished task went. */
export function summaryText(task: Task): string {
  const took = task.result?.processing_time_ms;
  const parts = [
    task.backend ? `on ${task.backend}` : '',
    typeof took === 'number' ? `in ${durationText(took)}` : '',
    task.result ? tokensText(task.result) : '',
  ].filter(Boolean);
  return `${task.status}${parts.length > 0 ? ` ${parts.join(', ')}` : ''}`;
}

const tokensText = ({ metadata }: TaskResult): string =>
  `${metadata.input_tokens} tokens in, ${metadata.output_tokens} out`;

const attemptsText = ({ attempts, max_attempts }: Task): string =>
  tableText(
    ['attempt', 'backend', 'ran for', 'ended with'],
    attempts.map(({ n, backend, startedAt, endedAt, error }) => [
      `${n} of ${max_attempts}`,
      backend ?? '',
      betweenText(startedAt, endedAt) ?? '',
      error ? `${error.code}: ${error.message}` : '',
    ]),
  );
