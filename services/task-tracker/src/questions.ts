import { AppError } from '@switchyard/domain';
import type { GetTask, ListTasks, TaskPage, TaskRow, TaskStats } from '@switchyard/contracts';
import { sql } from 'kysely';
import type { JobTable } from './database.js';
import type { Projection } from './projection.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Answers what others ask of the projection. Every answer is of one account. */
export class Questions {
  readonly #projection: Projection;
  readonly #now: () => number;

  constructor(projection: Projection, now: () => number) {
    this.#projection = projection;
    this.#now = now;
  }

  /** One job. Throws AppError `not_found`, for another account's too. */
  async get({ account, jobId }: GetTask): Promise<TaskRow> {
    this.#projection.flush();
    const row = await this.#jobs()
      .selectAll()
      .where('job_id', '=', jobId)
      .where('account', '=', account)
      .executeTakeFirst();
    if (!row) throw new AppError('not_found', `there is no task ${jobId}`);
    return toTask(row);
  }

  /** Jobs from newest to oldest, a page at a time. */
  async list(asked: ListTasks): Promise<TaskPage> {
    this.#projection.flush();
    const limit = Math.min(500, Math.max(1, asked.limit));
    let query = this.#jobs().selectAll().where('account', '=', asked.account);
    if (asked.status?.length) query = query.where('status', 'in', [...asked.status]);
    if (asked.backendId) query = query.where('backend_id', '=', asked.backendId);
    if (asked.kind) query = query.where('kind', '=', asked.kind);
    if (asked.fromMs !== undefined) query = query.where('submitted_at_ms', '>=', asked.fromMs);
    if (asked.toMs !== undefined) query = query.where('submitted_at_ms', '<', asked.toMs);
    const after = asked.cursor ? readCursor(asked.cursor) : undefined;
    if (after) {
      query = query.where((expression) =>
        expression.or([
          expression('submitted_at_ms', '<', after.submittedAtMs),
          expression.and([
            expression('submitted_at_ms', '=', after.submittedAtMs),
            expression('job_id', '>', after.jobId),
          ]),
        ]),
      );
    }
    const rows = await query
      .orderBy('submitted_at_ms', 'desc')
      .orderBy('job_id')
      .limit(limit + 1)
      .execute();
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      tasks: rows.slice(0, limit).map(toTask),
      ...(last ? { nextCursor: writeCursor(last) } : {}),
    };
  }

  /** Counts by status and age, and what was spent. */
  async stats({ account }: { readonly account: string }): Promise<TaskStats> {
    this.#projection.flush();
    const nowMs = this.#now();
    const counted = await this.#jobs()
      .select(['status', sql<number>`count(*)`.as('count')])
      .where('account', '=', account)
      .groupBy('status')
      .execute();
    const open = await this.#jobs()
      .select([
        sql<number>`coalesce(sum(submitted_at_ms > ${nowMs - 10 * minuteMs}), 0)`.as('recent'),
        sql<number>`coalesce(sum(submitted_at_ms <= ${nowMs - 10 * minuteMs} and submitted_at_ms > ${nowMs - hourMs}), 0)`.as(
          'medium',
        ),
        sql<number>`coalesce(sum(submitted_at_ms <= ${nowMs - hourMs}), 0)`.as('old'),
      ])
      .where('account', '=', account)
      .where('stage', '<', 3)
      .executeTakeFirstOrThrow();
    const midnightMs = nowMs - (nowMs % (24 * hourMs));
    return {
      byStatus: Object.fromEntries(counted.map(({ status, count }) => [status, count])),
      byAge: open,
      costTodayUsdMicros: await this.#cost(account, midnightMs),
      costHourUsdMicros: await this.#cost(account, nowMs - (nowMs % hourMs)),
    };
  }

  async #cost(account: string, sinceMs: number): Promise<number> {
    const { cost } = await this.#jobs()
      .select(sql<number>`coalesce(sum(cost_usd_micros), 0)`.as('cost'))
      .where('account', '=', account)
      .where('finished_at_ms', '>=', sinceMs)
      .executeTakeFirstOrThrow();
    return cost;
  }

  #jobs() {
    return this.#projection.database.query.selectFrom('jobs');
  }
}

const toTask = (row: JobTable): TaskRow => ({
  jobId: row.job_id,
  account: row.account,
  status: row.status as TaskRow['status'],
  kind: row.kind,
  model: row.model,
  priority: row.priority,
  attemptNo: row.attempt_no,
  attempts: JSON.parse(row.attempts),
  submittedAtMs: row.submitted_at_ms,
  updatedAtMs: row.updated_at_ms,
  ...(row.user_id ? { userId: row.user_id } : {}),
  ...(row.backend_id ? { backendId: row.backend_id } : {}),
  ...(row.executor_id ? { executorId: row.executor_id } : {}),
  ...(row.decision_id ? { decisionId: row.decision_id } : {}),
  ...(row.started_at_ms === null ? {} : { startedAtMs: row.started_at_ms }),
  ...(row.finished_at_ms === null ? {} : { finishedAtMs: row.finished_at_ms }),
  ...(row.queue_wait_ms === null ? {} : { queueWaitMs: row.queue_wait_ms }),
  ...(row.failure ? { failure: JSON.parse(row.failure) } : {}),
  ...(row.usage ? { usage: JSON.parse(row.usage) } : {}),
  ...(row.cost_usd_micros === null ? {} : { costUsdMicros: row.cost_usd_micros }),
});

const writeCursor = (row: JobTable): string =>
  Buffer.from(JSON.stringify([row.submitted_at_ms, row.job_id])).toString('base64url');

function readCursor(cursor: string): { readonly submittedAtMs: number; readonly jobId: string } {
  try {
    const [submittedAtMs, jobId] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (typeof submittedAtMs === 'number' && typeof jobId === 'string')
      return { submittedAtMs, jobId };
  } catch {
    // Told below, with every other cursor that is not ours.
  }
  throw new AppError(
    'invalid_request',
    'cursor: is not one that a page gave; leave it out for the first page',
  );
}
