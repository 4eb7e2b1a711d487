import type { Bus } from '@switchyard/bus';
import {
  decode,
  encode,
  type GetTask,
  type JsonObject,
  type ListTasks,
  subjects,
  type TaskPage,
  type TaskRow,
} from '@switchyard/contracts';
import { AppError } from '@switchyard/domain';

/** A task in the words of the older API, read without knowing its kind. */
export type ReadTask = {
  readonly kind: string;
  readonly body: JsonObject;
  readonly priority: number;
  readonly userId?: string;
  readonly deadlineAtMs?: number;
};

const promptFields: Readonly<Record<string, string>> = { completion: 'prompt', embedding: 'input' };

/** Reads `{payload, parameters, priority, ...}`. Throws AppError `invalid_request`. */
export function readNodeTask(value: unknown, nowMs: number): ReadTask {
  if (!isObject(value)) throw wrong('body', 'must be a JSON object');
  const { payload, parameters = {}, priority = 5, kind: word = 'chat', userId, timeoutMs } = value;
  const kind = word === 'text' ? 'chat' : word;
  if (typeof kind !== 'string') throw wrong('kind', 'must be a text');
  if (!isObject(parameters)) throw wrong('parameters', 'must be an object');
  const isText = typeof payload === 'string' && payload !== '';
  if (!isText && !isObject(payload)) throw wrong('payload', 'must be a text or an object');
  if (!isWithin(priority, 0, 10)) throw wrong('priority', 'must be 0 to 10');
  if (userId !== undefined && (typeof userId !== 'string' || userId.length > 256))
    throw wrong('userId', 'must be a text of 256 letters at most');
  if (timeoutMs !== undefined && !isWithin(timeoutMs, 1, 7 * 86_400_000))
    throw wrong('timeoutMs', 'must be milliseconds, a week at most');
  const asked = isText ? promptOf(kind, payload) : (payload as Record<string, unknown>);
  return {
    kind,
    body: { ...parameters, ...asked, stream: false },
    priority,
    ...(userId === undefined ? {} : { userId }),
    ...(timeoutMs === undefined ? {} : { deadlineAtMs: nowMs + timeoutMs }),
  };
}

/** What the tracker knows of the tasks of one account. */
export class NodeTasks {
  readonly #bus: Pick<Bus, 'ask'>;

  constructor(bus: Pick<Bus, 'ask'>) {
    this.#bus = bus;
  }

  /** Throws AppError `not_found`. */
  async get(account: string, jobId: string): Promise<object> {
    const asked: GetTask = { account, jobId };
    return shown(decode<TaskRow>(await this.#ask('get', asked)));
  }

  /** The newest tasks that failed, and those that lost an attempt because its executor died. */
  async failed(account: string): Promise<object> {
    const list = async (more: Partial<ListTasks>) => {
      const asked: ListTasks = { account, limit: 100, ...more };
      return decode<TaskPage>(await this.#ask('list', asked)).tasks;
    };
    const [failed, orphaned] = await Promise.all([
      list({ status: ['failed', 'expired'] }),
      list({ isOrphaned: true }),
    ]);
    const isFailed = new Set(failed.map(({ jobId }) => jobId));
    const others = orphaned.filter(({ jobId }) => !isFailed.has(jobId));
    const tasks = [
      ...failed.map((row) => ({ ...shown(row), reason: 'failed' })),
      ...others.map((row) => ({ ...shown(row), reason: 'orphaned' })),
    ];
    return { tasks, count: tasks.length };
  }

  #ask(verb: string, asked: object): Promise<Uint8Array> {
    return this.#bus.ask(subjects.rpc('task-tracker', verb), encode(asked), 2_000);
  }
}

const states: Readonly<Partial<Record<TaskRow['status'], string>>> = {
  waiting: 'queued',
  retrying: 'queued',
  dispatched: 'assigned',
  succeeded: 'completed',
  canceled: 'cancelled',
  expired: 'failed',
};

const shown = (row: TaskRow): object => ({
  task_id: row.jobId,
  status: states[row.status] ?? row.status,
  node_id: row.executorId ?? null,
  backend: row.backendId ?? null,
  priority: row.priority,
  retry_count: Math.max(0, row.attemptNo - 1),
  error: row.failure ?? null,
  created_at: new Date(row.submittedAtMs).toISOString(),
  last_updated: new Date(row.updatedAtMs).toISOString(),
});

function promptOf(kind: string, text: string): object {
  const field = promptFields[kind];
  return field ? { [field]: text } : { messages: [{ role: 'user', content: text }] };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isWithin = (value: unknown, min: number, max: number): value is number =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

const wrong = (field: string, problem: string) =>
  new AppError('invalid_request', `${field}: ${problem}`, { details: [{ field, problem }] });
